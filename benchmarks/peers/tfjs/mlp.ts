import * as tf from '@tensorflow/tfjs-core';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { mlpWeights } from '../../weights.js';
import { crossEntropy, startTf, trainTf } from './backend.js';
import { layersOf } from './layers.js';
import { mnistTensors } from './mnist.js';

/** A perceptron with one hidden layer of 64 on MNIST. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const { dense } = layersOf(options.variant);
  const batches = mnistTensors<tf.Rank.R2>(options, 784);
  const [first, second] = mlpWeights();
  const w1 = tf.variable(tf.tensor2d(first, [784, 64]));
  const b1 = tf.variable(tf.zeros<tf.Rank.R1>([64]));
  const w2 = tf.variable(tf.tensor2d(second, [64, 10]));
  const b2 = tf.variable(tf.zeros<tf.Rank.R1>([10]));
  const loss = (index: number): tf.Scalar => {
    const { x, y } = batches[index % batches.length]!;
    const hidden = dense(x, w1, b1, { relu: true, first: true });
    return crossEntropy(dense(hidden, w2, b2), y);
  };
  return trainTf(loss, 0.5, [w1, b1, w2, b2], options);
}
