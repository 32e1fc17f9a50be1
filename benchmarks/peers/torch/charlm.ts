import { characters, charlm } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { charlmWeights } from '../../weights.js';
import { runPython } from '../python/start.js';

/** The LSTM language model. */
export async function run(options: RunOptions): Promise<RunResult> {
  const steps = Array.from({ length: options.warmup + options.steps }, (_, step) => characters(step));
  const ids = Int32Array.from(steps.flatMap(step => [...step]));
  return (await runPython(import.meta.url, options, { inputs: { ids, ...charlmWeights() }, settings: charlm })).result;
}
