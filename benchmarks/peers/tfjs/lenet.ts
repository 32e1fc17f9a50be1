import * as tf from '@tensorflow/tfjs-core';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { lenetWeights } from '../../weights.js';
import { crossEntropy, startTf, trainTf } from './backend.js';
import { layersOf } from './layers.js';
import { mnistTensors } from './mnist.js';

/** LeNet on MNIST. TensorFlow.js wants NHWC and HWIO, so the shared OIHW weights are permuted once. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const { conv, dense, pool } = layersOf(options.variant);
  const batches = mnistTensors<tf.Rank.R4>(options, 28, 28, 1);
  const weights = lenetWeights();
  const w1 = tf.variable(tf.transpose(tf.tensor4d(weights[0], [20, 1, 5, 5]), [2, 3, 1, 0]));
  const w2 = tf.variable(tf.transpose(tf.tensor4d(weights[1], [50, 20, 5, 5]), [2, 3, 1, 0]));
  const w3 = tf.variable(tf.reshape<tf.Rank.R2>(tf.transpose(tf.tensor4d(weights[2], [50, 4, 4, 500]), [1, 2, 0, 3]), [800, 500]));
  const w4 = tf.variable(tf.tensor2d(weights[3], [500, 10]));
  const [b1, b2, b3, b4] = [20, 50, 500, 10].map(size => tf.variable(tf.zeros<tf.Rank.R1>([size])));
  const loss = (index: number): tf.Scalar => {
    const { x, y } = batches[index % batches.length]!;
    const x1 = pool(conv(x, w1, b1!, { relu: true, first: true }));
    const x2 = pool(conv(x1, w2, b2!, { relu: true }));
    const x3 = dense(tf.reshape(x2, [options.batch, 800]), w3, b3!, { relu: true });
    return crossEntropy(dense(x3, w4, b4!), y);
  };
  return trainTf(loss, 0.1, [w1, b1!, w2, b2!, w3, b3!, w4, b4!], options);
}
