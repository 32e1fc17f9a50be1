/** A text cut into parallel streams for a character language model. */
export interface CharlmBatches {
  /** Number of each character, in order of first appearance. */
  vocabulary: Map<string, number>;
  /** One array of `batchsize` character numbers per time step. */
  steps: Int32Array[];
}

/** Options of {@link charlmBatches}. */
export interface CharlmOptions {
  /** Streams read side by side. */
  batchsize: number;
  /** Numbers to use, of a model that was trained before; by default they are made from this text. */
  vocabulary?: ReadonlyMap<string, number>;
}

/**
 * Cuts a text into `batchsize` streams of n = floor(length / batchsize) characters each. Step t holds character t of every stream: its
 * row r is character r * n + t of the text. The remainder of the text is dropped (its characters are in the vocabulary all the same).
 * Characters are Unicode code points.
 *
 * @throws if a character is not in the given vocabulary (the message names it and its position), or the text is shorter than `batchsize`
 * @example
 * const { vocabulary, steps } = charlmBatches('abcabd', { batchsize: 2 });
 * // vocabulary a 0, b 1, c 2, d 3; steps [[0, 0], [1, 1], [2, 3]]
 */
export function charlmBatches(text: string, { batchsize, vocabulary: given }: CharlmOptions): CharlmBatches {
  if (!Number.isSafeInteger(batchsize) || batchsize < 1)
    throw new RangeError(`charlmBatches: batchsize must be a whole number of at least 1, got ${batchsize}`);
  const vocabulary = new Map(given);
  const numbers: number[] = [];
  for (const character of text) {
    let number = vocabulary.get(character);
    if (number === undefined) {
      if (given)
        throw new RangeError(
          `charlmBatches: character ${JSON.stringify(character)} at position ${numbers.length} is not among the ${given.size} of the vocabulary; train on a text that has it, or remove it`,
        );
      number = vocabulary.size;
      vocabulary.set(character, number);
    }
    numbers.push(number);
  }
  const n = Math.floor(numbers.length / batchsize);
  if (n === 0)
    throw new RangeError(
      `charlmBatches: a text of ${numbers.length} characters is too short for a batchsize of ${batchsize}; use a smaller one`,
    );
  const steps = Array.from({ length: n }, (_, t) => Int32Array.from({ length: batchsize }, (_, r) => numbers[r * n + t]!));
  return { vocabulary, steps };
}
