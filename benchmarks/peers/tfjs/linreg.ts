import * as tf from '@tensorflow/tfjs-core';
import { housing } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { linregWeights } from '../../weights.js';
import { startTf, trainTf } from './backend.js';

/** Linear regression on the whole housing set. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const data = housing();
  const x = tf.tensor2d(data.x, [data.instances, data.features]);
  const y = tf.tensor2d(data.y, [data.instances, 1]);
  const w = tf.variable(tf.tensor2d(linregWeights(), [data.features, 1]));
  const b = tf.variable(tf.scalar(0));
  return trainTf(() => tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, w), b), y)), 0.1, [w, b], options);
}
