import * as tf from '@tensorflow/tfjs-core';
import { mnistBatches } from '../../data.js';

/** The batches of MNIST as tensors of the backend, images in the given shape. */
export function mnistTensors<R extends tf.Rank>(shape: tf.ShapeMap[R]): { x: tf.Tensor<R>; y: tf.Tensor2D }[] {
  return mnistBatches().map(({ x, y }) => ({ x: tf.tensor<R>(x, shape), y: tf.tensor2d(y, [100, 10]) }));
}
