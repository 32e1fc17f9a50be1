import * as tf from '@tensorflow/tfjs-core';
// The entry of tfjs-core registers no derivative rules; that of the whole package does.
import '@tensorflow/tfjs';
import { type RunOptions, type RunResult, train } from '../../harness/contract.js';

/** Backend of each variant. */
const backends: Readonly<Record<string, string>> = { wasm: 'wasm', 'wasm-plain': 'wasm', cpu: 'cpu', webgpu: 'webgpu' };

/**
 * Starts TensorFlow.js on its WebAssembly backend (SIMD, one thread), on its plain JavaScript one, or in a page on WebGPU.
 *
 * @throws Error when the backend does not start, or starts without SIMD
 */
export async function startTf(variant: string): Promise<void> {
  const backend = backends[variant];
  if (backend === undefined) throw new Error(`tfjs: no variant "${variant}"; there are ${Object.keys(backends).join(', ')}`);
  tf.enableProdMode();
  if (backend === 'wasm') (await import('./wasm.js')).registerWasm();
  else if (backend === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
  else {
    await import('@tensorflow/tfjs-backend-webgpu');
    // Patches in a kernel of their own: LeNet takes a quarter less time on SwiftShader, and nothing else changes.
    tf.env().set('WEBGPU_CONV_SEPARATE_IM2COL_SHADER', true);
  }
  // TensorFlow.js would quietly go on with another backend.
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error(`tfjs: backend ${backend} did not start`);
  if (backend === 'wasm' && !(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('tfjs: no SIMD WebAssembly here');
}

/**
 * Trains with `tf.train.sgd`.
 *
 * @param lossOf - loss of batch `index`, recorded when it is a training step
 * @param rate - learning rate
 * @param variables - what is trained
 */
export function trainTf(
  lossOf: (index: number, training: boolean) => tf.Scalar,
  rate: number,
  variables: tf.Variable[],
  options: RunOptions,
): Promise<RunResult> {
  const optimizer = tf.train.sgd(rate);
  return train(
    {
      step: index => {
        optimizer.minimize(() => lossOf(index, true), false, variables);
      },
      // WebAssembly and JavaScript compute as they are called; on WebGPU all is done when what came last can be read.
      finish: async () => {
        if (options.variant === 'webgpu') await variables.at(-1)!.data();
      },
      loss: async () => {
        const loss = tf.tidy(() => lossOf(0, false));
        const [value] = await loss.data();
        loss.dispose();
        return value!;
      },
    },
    options,
  );
}

/** Mean cross entropy of `[instances, classes]` scores with one-hot rows. */
export const crossEntropy = (scores: tf.Tensor2D, onehot: tf.Tensor2D): tf.Scalar =>
  tf.neg<tf.Scalar>(tf.div<tf.Scalar>(tf.sum(tf.mul(onehot, tf.logSoftmax(scores))), scores.shape[0]));
