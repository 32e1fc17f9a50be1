import { relu, zeros } from '@knet/knet';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { mlpWeights } from '../weights.js';
import { type Classifier, classify } from './classifier.js';
import { from } from './start.js';

/** The perceptron with one hidden layer of 64. */
export const perceptron: Classifier = {
  weights() {
    const [first, second] = mlpWeights();
    return [from(first, 64, 784), zeros([64, 1]), from(second, 10, 64), zeros([10, 1])];
  },
  predict: (w, x) => w[2]!.matmul(relu(w[0]!.matmul(x).add(w[1]!))).add(w[3]!),
  lr: 0.5,
  image: [784],
};

export const run = (options: RunOptions): Promise<RunResult> => classify(perceptron, options);
