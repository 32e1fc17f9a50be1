import { grad, type KnetArray, logp, update } from '@knet/knet';
import { mnistBatches } from '../data.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { from, sample, start } from './start.js';

/** Trains a model of MNIST by SGD, one batch a step. */
export async function classify(
  options: RunOptions,
  makeWeights: () => KnetArray[],
  predict: (w: KnetArray[], x: KnetArray) => KnetArray,
  lr: number,
  inputShape: number[],
): Promise<RunResult> {
  await start(options);
  const batches = mnistBatches(options).map(({ x, y }) => ({ x: from(x, ...inputShape, options.batch), y: from(y, 10, options.batch) }));
  const loss = (w: KnetArray[], x: KnetArray, y: KnetArray): KnetArray =>
    y
      .mul(logp(predict(w, x), { dims: 0 }))
      .sum()
      .neg()
      .div(y.shape[1]!);
  const lossGradient = grad(loss);
  const w = makeWeights();
  const first = batches[0]!;
  return sample(
    options,
    index => {
      const { x, y } = batches[index % batches.length]!;
      update(w, lossGradient(w, x, y), { lr });
    },
    () => loss(w, first.x, first.y),
    () => w.at(-1)!,
  );
}
