import { zeros } from '@knet/knet';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { softmaxWeights } from '../weights.js';
import { type Classifier, classify } from './classifier.js';
import { from } from './start.js';

/** Softmax regression. */
const regression: Classifier = {
  weights: () => [from(softmaxWeights(), 10, 784), zeros([10, 1])],
  predict: (w, x) => w[0]!.matmul(x).add(w[1]!),
  lr: 0.5,
  image: [784],
};

export const run = (options: RunOptions): Promise<RunResult> => classify(regression, options);
