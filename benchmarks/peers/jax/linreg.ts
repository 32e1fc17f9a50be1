import { numpy as np } from '@jax-js/jax';
import { housing } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { linregWeights } from '../../weights.js';
import { type Loss, startJax, trainJax } from './backend.js';
import { dense } from './functions.js';

/** Linear regression on the whole housing set. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const { x, y, instances, features } = housing();
  const batch = [np.array(x).reshape([instances, features]), np.array(y).reshape([instances, 1])];
  const params = [np.array(linregWeights()).reshape([features, 1]), np.zeros([1])];
  const loss: Loss = ([w, b], inputs, targets) => np.mean(np.square(dense(inputs!, w!, b!).sub(targets!)));
  return trainJax(loss, 0.1, params, () => batch, options);
}
