import { CROSS_CORRELATION, conv4, type KnetArray, mat, pool, relu, zeros } from '@knet/knet';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { lenetWeights } from '../weights.js';
import { type Classifier, classify } from './classifier.js';
import { from } from './start.js';

// The peers' convolutions do not flip the filter.
const mode = CROSS_CORRELATION;

function predict(w: KnetArray[], x0: KnetArray): KnetArray {
  const x1 = pool(relu(conv4(w[0]!, x0, { mode }).add(w[1]!)));
  const x2 = pool(relu(conv4(w[2]!, x1, { mode }).add(w[3]!)));
  const x3 = relu(w[4]!.matmul(mat(x2)).add(w[5]!));
  return w[6]!.matmul(x3).add(w[7]!);
}

/** LeNet. */
export const lenet: Classifier = {
  weights() {
    const [c1, c2, d1, d2] = lenetWeights();
    const filters = [from(c1, 5, 5, 1, 20), zeros([1, 1, 20, 1]), from(c2, 5, 5, 20, 50), zeros([1, 1, 50, 1])];
    return [...filters, from(d1, 500, 800), zeros([500, 1]), from(d2, 10, 500), zeros([10, 1])];
  },
  predict,
  lr: 0.1,
  image: [28, 28, 1],
};

export const run = (options: RunOptions): Promise<RunResult> => classify(lenet, options);
