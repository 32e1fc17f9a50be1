import { cat, dispose, embedding, grad, type KnetArray, lstm, nll, rnn, update, zeros } from '@knet/knet';
import { characters, charlm, transpose } from '../data.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { charlmWeights } from '../weights.js';
import { from, sample, start } from './start.js';

const { vocabulary, hidden, embed } = charlm;

type Weights = [table: KnetArray, weight: KnetArray, bias: KnetArray, projection: KnetArray, projectionBias: KnetArray];

/** Hidden state and cell, which the loss replaces by those after the stretch. */
type State = [h: KnetArray, c: KnetArray];

/** Sequences, and the time steps of each, in one step of the optimizer. */
type Sizes = Pick<RunOptions, 'batch' | 'length'>;

/** The model in one way to write it. */
interface Form {
  /** Mean loss of one stretch of characters. */
  loss(w: Weights, state: State, ids: Int32Array, sizes: Sizes): KnetArray;
  initial(batch: number): State;
}

/** A loop over time in the model, one cell after the other. */
const cells: Form = {
  initial: batch => [zeros([batch, hidden]), zeros([batch, hidden])],
  loss([table, weight, bias, projection, projectionBias], state, ids, { batch, length }) {
    const outputs: KnetArray[] = [];
    let [h, c] = state;
    for (let t = 0; t < length; t++) {
      const x = embedding(table, ids.subarray(t * batch, (t + 1) * batch)).t();
      [h, c] = lstm(weight, bias, h, c, x);
      outputs.push(h);
    }
    state[0] = h;
    state[1] = c;
    const scores = cat(outputs, 0).matmul(projection).add(projectionBias);
    return nll(scores, ids.subarray(batch), { dims: 1 });
  },
};

/** The whole sequence in one call. */
const sequence: Form = {
  initial: batch => [zeros([hidden, batch, 1]), zeros([hidden, batch, 1])],
  loss([table, weight, bias, projection, projectionBias], state, ids, { batch, length }) {
    const x = embedding(table, ids.subarray(0, length * batch)).reshape(embed, batch, length);
    const result = rnn([{ weight, bias }], x, { hidden: state[0], cell: state[1] });
    state[0] = result.hidden;
    state[1] = result.cell ?? state[1];
    const scores = projection
      .t()
      .matmul(result.y.reshape(hidden, batch * length))
      .add(projectionBias.t());
    return nll(scores, ids.subarray(batch), { dims: 0 });
  },
};

const forms: Readonly<Record<string, Form>> = { cells, sequence };

function firstWeights(): Weights {
  const weights = charlmWeights();
  return [
    from(weights.embedding, embed, vocabulary),
    from(transpose(weights.gates, embed + hidden, 4 * hidden), embed + hidden, 4 * hidden),
    zeros([1, 4 * hidden]),
    from(transpose(weights.projection, hidden, vocabulary), hidden, vocabulary),
    zeros([1, vocabulary]),
  ];
}

/** A form with its weights and state. */
function model({ loss, initial }: Form, sizes: Sizes) {
  const w = firstWeights();
  const lossGradient = grad(loss);
  const state = initial(sizes.batch);
  return {
    step(index: number): void {
      const before = [...state];
      update(w, lossGradient(w, state, characters(index, sizes), sizes), { lr: 1 });
      dispose(before);
    },
    loss: () => loss(w, initial(sizes.batch), characters(0, sizes), sizes),
    last: () => w[0],
  };
}

/** The form that takes less time for a step, after one step of each. */
async function fastest(sizes: Sizes): Promise<string> {
  let best = { name: '', seconds: Number.POSITIVE_INFINITY };
  for (const [name, form] of Object.entries(forms)) {
    const { step, last } = model(form, sizes);
    for (const index of [0, 1]) {
      const begin = performance.now();
      step(index);
      await last().data();
      const seconds = (performance.now() - begin) / 1000;
      if (index === 1 && seconds < best.seconds) best = { name, seconds };
    }
  }
  return best.name;
}

/** The LSTM language model; the state is carried from one optimizer step to the next. `variant` forces a form. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const name = forms[options.variant] === undefined ? await fastest(options) : options.variant;
  const { step, loss, last } = model(forms[name] ?? cells, options);
  return { ...(await sample(options, step, loss, last)), note: name };
}
