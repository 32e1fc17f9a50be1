import { housing } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { linregWeights } from '../../weights.js';
import { runPython } from '../python/start.js';

/** Linear regression on the whole housing set. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { x, y, features } = housing();
  return (await runPython(import.meta.url, options, { inputs: { x, y, w: linregWeights() }, settings: { features } })).result;
}
