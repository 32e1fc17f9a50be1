import type { RunOptions, RunResult } from '../../harness/contract.js';
import { softmaxWeights } from '../../weights.js';
import { mnistFiles } from '../python/mnist.js';
import { runPython } from '../python/start.js';

/** Softmax regression. */
export async function run(options: RunOptions): Promise<RunResult> {
  return (await runPython(import.meta.url, options, { inputs: { w: softmaxWeights() }, settings: mnistFiles })).result;
}
