import { lax, nn, numpy as np } from '@jax-js/jax';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { lenetWeights } from '../../weights.js';
import { type Loss, startJax, trainJax } from './backend.js';
import { crossEntropy, dense, mnistArrays } from './functions.js';

type Convolution = (x: np.Array, w: np.Array) => np.Array;

/** Valid cross-correlation, NCHW and OIHW, as the library has it. Its compiled derivatives take seconds on these sizes. */
const direct: Convolution = (x, w) => lax.conv(x, w, [1, 1], 'VALID');

/**
 * The same as a sum of matrix products, one for each place in the filter, which the library compiles far better.
 * (`tensordot`, because `matmul` of version 0.1.25 puts the batch dimension in second place when only the right operand has one.)
 */
const shifted: Convolution = (x, w) => {
  const [instances, channels, rows, columns] = x.shape as [number, number, number, number];
  const [, , height, width] = w.shape as [number, number, number, number];
  const [vertical, horizontal] = [rows - height + 1, columns - width + 1];
  let sum: np.Array | undefined;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const window = x.ref.slice([], [], [i, i + vertical], [j, j + horizontal]);
      const product = np.tensordot(w.ref.slice([], [], i, j), window, [[1], [1]]);
      sum = sum === undefined ? product : sum.add(product);
    }
  }
  x.dispose();
  w.dispose();
  if (sum === undefined) throw new Error(`lenet: no filter for ${channels} channels of ${instances} images`);
  return np.moveaxis(sum, 0, 1);
};

/** Maxima of 2x2 windows. */
const pool = (x: np.Array): np.Array => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

/** LeNet on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const batches = mnistArrays(options, 1, 28, 28);
  // Whichever form is faster in this variant; the plain variants take what the library offers.
  const convolve = {
    first: options.variant === 'jit' ? shifted : direct,
    second: options.variant.endsWith('plain') ? direct : shifted,
  };
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
    const x1 = pool(nn.relu(convolve.first(x!, p[0]!).add(p[1]!)));
    const x2 = pool(nn.relu(convolve.second(x1, p[2]!).add(p[3]!)));
    const x3 = nn.relu(dense(x2.reshape([options.batch, 800]), p[4]!, p[5]!));
    return crossEntropy(dense(x3, p[6]!, p[7]!), y!);
  };
  return trainJax(loss, 0.1, params, index => batches[index % batches.length]!, options);
}
