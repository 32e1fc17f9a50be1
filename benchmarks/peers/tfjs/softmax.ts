import * as tf from '@tensorflow/tfjs-core';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { softmaxWeights } from '../../weights.js';
import { crossEntropy, startTf, trainTf } from './backend.js';
import { layersOf } from './layers.js';
import { mnistTensors } from './mnist.js';

/** Softmax regression on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const { dense } = layersOf(options.variant);
  const batches = mnistTensors<tf.Rank.R2>(options, 784);
  const w = tf.variable(tf.tensor2d(softmaxWeights(), [784, 10]));
  const b = tf.variable(tf.zeros<tf.Rank.R1>([10]));
  const loss = (index: number): tf.Scalar => {
    const { x, y } = batches[index % batches.length]!;
    return crossEntropy(dense(x, w, b, { first: true }), y);
  };
  return trainTf(loss, 0.5, [w, b], options);
}
