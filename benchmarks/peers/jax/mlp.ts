import { nn, numpy as np } from '@jax-js/jax';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { mlpWeights } from '../../weights.js';
import { type Loss, startJax, trainJax } from './backend.js';
import { crossEntropy, dense, mnistArrays } from './functions.js';

/** A perceptron with one hidden layer of 64 on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const batches = mnistArrays(options, 784);
  const [first, second] = mlpWeights();
  const params = [np.array(first).reshape([784, 64]), np.zeros([64]), np.array(second).reshape([64, 10]), np.zeros([10])];
  const loss: Loss = ([w1, b1, w2, b2], x, y) => crossEntropy(dense(nn.relu(dense(x!, w1!, b1!)), w2!, b2!), y!);
  return trainJax(loss, 0.5, params, index => batches[index % batches.length]!, options);
}
