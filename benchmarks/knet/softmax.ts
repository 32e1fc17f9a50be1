import { zeros } from '@knet/knet';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { softmaxWeights } from '../weights.js';
import { classify } from './classifier.js';
import { from } from './start.js';

/** Softmax regression. */
export function run(options: RunOptions): Promise<RunResult> {
  const weights = () => [from(softmaxWeights(), 10, 784), zeros([10, 1])];
  return classify(options, weights, (w, x) => w[0]!.matmul(x).add(w[1]!), 0.5, [784]);
}
