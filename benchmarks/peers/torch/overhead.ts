import type { RunOptions, RunResult } from '../../harness/contract.js';
import { perceptronFigures } from '../../harness/recording.js';
import { accept, chain, perceptron, roundTime } from '../../micro.js';
import { runPython } from '../python/start.js';

/** Time per function of a chain of small elementwise functions, and what recording costs a perceptron. */
export async function run(options: RunOptions): Promise<RunResult> {
  const model = perceptron();
  const { inputs, hidden, outputs, first, second, x, y } = model;
  const { result, outputs: found } = await runPython(import.meta.url, options, {
    inputs: { chain_x: chain.x, factor: chain.factor, term: chain.term, w1: first, w2: second, x, y },
    settings: {
      pairs: chain.pairs,
      minimum: roundTime(options.budget),
      figures: Object.values(perceptronFigures),
      ...{ inputs, hidden, outputs },
    },
  });
  const output = (name: string): Float32Array => found.get(name) ?? new Float32Array();
  const loss = Math.max(
    accept('overhead', chain.error(output('chain'))),
    accept('overhead', chain.gradientError(output('chain_gradient'))),
    accept('overhead of the perceptron', model.error(output('loss')[0] ?? Number.NaN, output('gradient'))),
  );
  return { ...result, loss };
}
