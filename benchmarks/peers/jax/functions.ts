import { nn, numpy as np } from '@jax-js/jax';
import { mnistBatches } from '../../data.js';
import type { RunOptions } from '../../harness/contract.js';

/** `x·w + b`; consumes all three. */
export const dense = (x: np.Array, w: np.Array, b: np.Array): np.Array => np.matmul(x, w).add(b);

/** Mean cross entropy of `[instances, classes]` scores with one-hot rows; consumes both. */
export function crossEntropy(scores: np.Array, onehot: np.Array): np.Array {
  const instances = scores.shape[0]!;
  return np.sum(nn.logSoftmax(scores, 1).mul(onehot)).mul(-1 / instances);
}

/** The batches of MNIST as device arrays, each image in the given shape. */
export function mnistArrays(options: RunOptions, ...image: number[]): np.Array[][] {
  return mnistBatches(options).map(({ x, y }) => [
    np.array(x).reshape([options.batch, ...image]),
    np.array(y).reshape([options.batch, 10]),
  ]);
}
