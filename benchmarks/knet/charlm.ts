import { cat, dispose, embedding, grad, type KnetArray, lstm, nll, update, zeros } from '@knet/knet';
import { characters, charlm, transpose } from '../data.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { charlmWeights } from '../weights.js';
import { from, sample, start } from './start.js';

const { vocabulary, batch, length, hidden, embed } = charlm;

/** Mean loss of one stretch of characters; `state` is replaced by the state after it. */
function loss(w: KnetArray[], state: KnetArray[], ids: Int32Array): KnetArray {
  const [table, weight, bias, projection, projectionBias] = w as [KnetArray, KnetArray, KnetArray, KnetArray, KnetArray];
  const outputs: KnetArray[] = [];
  let [h, c] = state as [KnetArray, KnetArray];
  for (let t = 0; t < length; t++) {
    const x = embedding(table, ids.subarray(t * batch, (t + 1) * batch)).t();
    [h, c] = lstm(weight, bias, h, c, x);
    outputs.push(h);
  }
  state[0] = h;
  state[1] = c;
  const scores = cat(outputs, 0).matmul(projection).add(projectionBias);
  return nll(scores, ids.subarray(batch), { dims: 1 });
}

/** The LSTM language model; the state is carried from one optimizer step to the next. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const weights = charlmWeights();
  const w = [
    from(weights.embedding, embed, vocabulary),
    from(transpose(weights.gates, embed + hidden, 4 * hidden), embed + hidden, 4 * hidden),
    zeros([1, 4 * hidden]),
    from(transpose(weights.projection, hidden, vocabulary), hidden, vocabulary),
    zeros([1, vocabulary]),
  ];
  const initial = (): KnetArray[] => [zeros([batch, hidden]), zeros([batch, hidden])];
  const lossGradient = grad(loss);
  const state = initial();
  return sample(
    options,
    index => {
      const before = [...state];
      update(w, lossGradient(w, state, characters(index)), { lr: 1 });
      dispose(before);
    },
    () => loss(w, initial(), characters(0)),
    () => w[0]!,
  );
}
