import type { RunOptions, RunResult } from '../../harness/contract.js';
import { lenetWeights } from '../../weights.js';
import { mnistFiles } from '../python/mnist.js';
import { runPython } from '../python/start.js';

/** LeNet. */
export async function run(options: RunOptions): Promise<RunResult> {
  const [c1, c2, d1, d2] = lenetWeights();
  return (await runPython(import.meta.url, options, { inputs: { c1, c2, d1, d2 }, settings: mnistFiles })).result;
}
