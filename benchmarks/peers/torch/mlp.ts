import type { RunOptions, RunResult } from '../../harness/contract.js';
import { mlpWeights } from '../../weights.js';
import { mnistFiles } from '../python/mnist.js';
import { runPython } from '../python/start.js';

/** The perceptron with one hidden layer of 64. */
export async function run(options: RunOptions): Promise<RunResult> {
  const [w1, w2] = mlpWeights();
  return (await runPython(import.meta.url, options, { inputs: { w1, w2 }, settings: mnistFiles })).result;
}
