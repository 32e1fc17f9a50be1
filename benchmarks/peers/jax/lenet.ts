import { lax, nn, numpy as np } from '@jax-js/jax';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { lenetWeights } from '../../weights.js';
import { type Loss, startJax, trainJax } from './backend.js';
import { crossEntropy, dense, mnistArrays } from './functions.js';

/** Valid cross-correlation, NCHW and OIHW, bias `[channels, 1, 1]`, then relu. */
const conv = (x: np.Array, w: np.Array, b: np.Array): np.Array => nn.relu(lax.conv(x, w, [1, 1], 'VALID').add(b));

/** Maxima of 2x2 windows. */
const pool = (x: np.Array): np.Array => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

/** LeNet on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax();
  const batches = mnistArrays([100, 1, 28, 28]);
  const [w1, w2, w3, w4] = lenetWeights();
  const params = [
    np.array(w1).reshape([20, 1, 5, 5]),
    np.zeros([20, 1, 1]),
    np.array(w2).reshape([50, 20, 5, 5]),
    np.zeros([50, 1, 1]),
    np.array(w3).reshape([800, 500]),
    np.zeros([500]),
    np.array(w4).reshape([500, 10]),
    np.zeros([10]),
  ];
  const loss: Loss = (p, x, y) => {
    const x1 = pool(conv(x!, p[0]!, p[1]!));
    const x2 = pool(conv(x1, p[2]!, p[3]!));
    const x3 = nn.relu(dense(x2.reshape([100, 800]), p[4]!, p[5]!));
    return crossEntropy(dense(x3, p[6]!, p[7]!), y!);
  };
  return trainJax(loss, 0.1, params, index => batches[index % batches.length]!, options);
}
