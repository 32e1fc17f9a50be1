/** A language model of characters: an LSTM reads a text and predicts each next character. */
import { onehot } from '@knet/datasets';
import { cat, fillBits, type KnetArray, lstm, nextRandomKey, nll, softmax, span, vcat, xavier, zeros } from '@knet/knet';

/** What the model learns. */
export type Weights = ReturnType<typeof initialWeights>;

/** What the LSTM remembers of the text so far, a row for each text that is read: `[batch, hidden]` both. */
export interface State {
  hidden: KnetArray;
  cell: KnetArray;
}

/** New weights for so many different characters; `winit` scales them. */
export function initialWeights(characters: number, embed: number, hidden: number, winit: number) {
  const random = (rows: number, columns: number) => xavier([rows, columns], { gain: winit });
  return {
    embedding: random(embed, characters),
    gates: random(embed + hidden, 4 * hidden),
    gatesBias: zeros([1, 4 * hidden]),
    output: random(hidden, characters),
    outputBias: zeros([1, characters]),
  };
}

/** The state before the first character. */
export function initialState(w: Weights, batch: number): State {
  const hidden = w.output.shape[0]!;
  return { hidden: zeros([batch, hidden]), cell: zeros([batch, hidden]) };
}

/**
 * Scores `[steps * batch, characters]` of the characters that may come next, after each character that is read.
 *
 * @param state - replaced by the state after the last step
 * @param steps - the numbers of the characters at each step, one for each row of the state
 */
export function predict(w: Weights, state: State, steps: readonly Int32Array[]): KnetArray {
  const [embed, characters] = w.embedding.shape as [number, number];
  // An LSTM multiplies the embedding of each character that it reads by the upper rows of its gates. There are fewer different
  // characters than steps, so we multiply the embeddings of all of them beforehand, and let a one-hot row choose among the products.
  const products = w.embedding.t().matmul(w.gates.slice(span(0, embed), ':'));
  const gates = vcat(products, w.gates.slice(span(embed, w.gates.shape[0]!), ':'));
  const batch = state.hidden.shape[0]!;
  const choices = onehot(joined(steps), characters);
  const outputs = steps.map((_, t) => {
    const choice = choices.slice(':', span(t * batch, (t + 1) * batch)).t();
    [state.hidden, state.cell] = lstm(gates, w.gatesBias, state.hidden, state.cell, choice);
    return state.hidden;
  });
  // One large product over all steps is faster than many small ones.
  return cat(outputs, 0).matmul(w.output).add(w.outputBias);
}

/** Mean loss per character, when each step but the last is read and each but the first is predicted. ln(characters) is mere guessing. */
export function loss(w: Weights, state: State, steps: readonly Int32Array[]): KnetArray {
  return nll(predict(w, state, steps.slice(0, -1)), joined(steps.slice(1)), { dims: 1 });
}

/** How a text is written. */
export interface Writing {
  /** Characters to write. */
  length: number;
  /** A text to go on from; by default the model begins anew. */
  start?: string;
  /** Below 1 the likely characters become likelier still, above 1 less so. Default 1. */
  temperature?: number;
}

/** Writes a text at once. */
export async function generate(w: Weights, vocabulary: ReadonlyMap<string, number>, writing: Writing): Promise<string> {
  let text = '';
  for await (const character of write(w, vocabulary, writing)) text += character;
  return text;
}

/** Writes a text: draws each character with the probability that the model gives it, and reads it as the next one. */
export async function* write(
  w: Weights,
  vocabulary: ReadonlyMap<string, number>,
  { length, start = '', temperature = 1 }: Writing,
): AsyncGenerator<string, void, void> {
  if (!(temperature > 0)) throw new RangeError(`write: temperature must be above 0, not ${temperature}`);
  const characters = [...vocabulary.keys()];
  const random = new Uint32Array(length);
  fillBits(nextRandomKey(), random);
  const state = initialState(w, 1);
  let unread = start === '' ? [0] : numbered(start, vocabulary);
  for (const bits of random) {
    const steps = unread.map(number => Int32Array.of(number));
    const scores = predict(w, state, steps).slice(steps.length - 1, ':');
    const next = draw(await softmax(scores.div(temperature)).data(), bits / 2 ** 32);
    yield characters[next]!;
    unread = [next];
  }
}

/** Numbers of the characters of a text. @throws RangeError for a character that the model has never seen */
function numbered(text: string, vocabulary: ReadonlyMap<string, number>): number[] {
  return [...text].map(character => {
    const number = vocabulary.get(character);
    if (number === undefined)
      throw new RangeError(`The model has never read the character ${JSON.stringify(character)}: begin with a text without it.`);
    return number;
  });
}

/** The class in whose part of the interval from 0 to 1 the number falls. */
function draw(probabilities: ArrayLike<number>, u: number): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    sum += probabilities[i]!;
    if (u < sum) return i;
  }
  // Rounding may leave the sum of the probabilities a little below 1.
  return probabilities.length - 1;
}

function joined(steps: readonly Int32Array[]): Int32Array {
  return Int32Array.from(steps.flatMap(step => [...step]));
}
