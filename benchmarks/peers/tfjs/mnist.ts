import * as tf from '@tensorflow/tfjs-core';
import { mnistBatches } from '../../data.js';
import type { RunOptions } from '../../harness/contract.js';

/** The batches of MNIST as tensors of the backend, each image in the given shape. */
export function mnistTensors<R extends tf.Rank>(options: RunOptions, ...image: number[]): { x: tf.Tensor<R>; y: tf.Tensor2D }[] {
  return mnistBatches(options).map(({ x, y }) => ({
    x: tf.tensor<R>(x, [options.batch, ...image] as tf.ShapeMap[R]),
    y: tf.tensor2d(y, [options.batch, 10]),
  }));
}
