import { abs2, add, grad, type KnetArray, matmul, sub, update } from '@knet/knet';
import { housing } from '../data.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { linregWeights } from '../weights.js';
import { from, sample, start } from './start.js';

type Weights = [w: KnetArray, b: number];

const loss = ([w, b]: Weights, x: KnetArray, y: KnetArray): KnetArray =>
  abs2(sub(add(matmul(w, x), b), y))
    .sum()
    .div(x.shape[1]!);

const lossGradient = grad(loss);

/** Linear regression on the whole housing set. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const data = housing();
  const x = from(data.x, data.features, data.instances);
  const y = from(data.y, 1, data.instances);
  let w: Weights = [from(linregWeights(), 1, data.features), 0];
  const step = (): void => {
    w = update(w, lossGradient(w, x, y), { lr: 0.1 });
  };
  return sample(
    options,
    step,
    () => loss(w, x, y),
    () => w[0],
  );
}
