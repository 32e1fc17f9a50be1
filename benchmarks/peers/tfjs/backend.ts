import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
// The entry of tfjs-core registers no derivative rules; that of the whole package does.
import '@tensorflow/tfjs';
import { type RunOptions, type RunResult, type Trainer, train } from '../../harness/contract.js';

/**
 * Starts TensorFlow.js on its WebAssembly backend (SIMD, one thread) or on its plain JavaScript one.
 *
 * @param variant - `wasm`, `wasm-plain` or `cpu`
 *
 * @throws Error when the backend does not start, or starts without SIMD
 */
export async function startTf(variant: string): Promise<void> {
  const backend = variant === 'cpu' ? 'cpu' : 'wasm';
  if (backend === 'wasm') {
    const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(dirname(entry) + sep);
    setThreadsCount(1);
  } else {
    await import('@tensorflow/tfjs-backend-cpu');
  }
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error(`tfjs: backend ${backend} did not start`);
  if (backend === 'wasm' && !(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('tfjs: no SIMD WebAssembly here');
}

/**
 * Trains with `tf.train.sgd`. Both backends compute as they are called, so there is nothing to wait for.
 *
 * @param lossOf - loss of batch `index`, recorded
 * @param rate - learning rate
 * @param variables - what is trained
 */
export function trainTf(
  lossOf: (index: number) => tf.Scalar,
  rate: number,
  variables: tf.Variable[],
  options: RunOptions,
): Promise<RunResult> {
  const optimizer = tf.train.sgd(rate);
  const trainer: Trainer = {
    step: index => {
      optimizer.minimize(() => lossOf(index), false, variables);
    },
    finish: () => {},
    loss: () => tf.tidy(() => lossOf(0).dataSync()[0]!),
  };
  return train(trainer, options);
}

/** Mean cross entropy of `[instances, classes]` scores with one-hot rows. */
export const crossEntropy = (scores: tf.Tensor2D, onehot: tf.Tensor2D): tf.Scalar =>
  tf.neg<tf.Scalar>(tf.div<tf.Scalar>(tf.sum(tf.mul(onehot, tf.logSoftmax(scores))), scores.shape[0]));
