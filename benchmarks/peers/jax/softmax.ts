import { numpy as np } from '@jax-js/jax';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { softmaxWeights } from '../../weights.js';
import { type Loss, startJax, trainJax } from './backend.js';
import { crossEntropy, dense, mnistArrays } from './functions.js';

/** Softmax regression on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const batches = mnistArrays(options, 784);
  const params = [np.array(softmaxWeights()).reshape([784, 10]), np.zeros([10])];
  const loss: Loss = ([w, b], x, y) => crossEntropy(dense(x!, w!, b!), y!);
  return trainJax(loss, 0.5, params, index => batches[index % batches.length]!, options);
}
