import * as tf from '@tensorflow/tfjs-core';
import { characters, charlm } from '../../data.js';
import type { RunOptions, RunResult } from '../../harness/contract.js';
import { charlmWeights } from '../../weights.js';
import { crossEntropy, startTf, trainTf } from './backend.js';
import { layersOf } from './layers.js';

/** The LSTM language model; the state is carried from one optimizer step to the next. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const { dense, lookup } = layersOf(options.variant);
  const { vocabulary, hidden, embed } = charlm;
  const { batch, length } = options;
  const weights = charlmWeights();
  const embedding = tf.variable(tf.tensor2d(weights.embedding, [vocabulary, embed]));
  const gates = tf.tensor2d(weights.gates, [embed + hidden, 4 * hidden]);
  // On WebGPU the products with the inputs are taken over all time steps at once, so the weights are two variables; the others
  // are faster with one product of input and state together.
  const apart = options.variant === 'webgpu';
  const [w, wh] = (apart ? tf.split<tf.Tensor2D>(gates, [embed, hidden]) : [gates]).map(part => tf.variable(part));
  const b = tf.variable(tf.zeros<tf.Rank.R1>([4 * hidden]));
  const wo = tf.variable(tf.tensor2d(weights.projection, [hidden, vocabulary]));
  const bo = tf.variable(tf.zeros<tf.Rank.R1>([vocabulary]));
  const zero = tf.zeros<tf.Rank.R2>([batch, hidden]);
  const state = { h: tf.variable(zero, false), c: tf.variable(zero, false) };
  const steps = Array.from({ length: options.warmup + options.steps }, (_, index) => {
    const ids = tf.tensor1d(characters(index, options), 'int32');
    return {
      input: tf.slice(ids, 0, length * batch),
      gold: tf.cast(tf.oneHot(tf.slice(ids, batch, length * batch), vocabulary), 'float32') as tf.Tensor2D,
    };
  });

  /** Loss of one stretch of characters; the products that do not depend on the state are taken over all time steps at once. */
  const lossOf = (index: number, carry: boolean): tf.Scalar => {
    const { input, gold } = steps[index]!;
    const embedded = lookup(embedding, input);
    const inputs = tf.split<tf.Tensor2D>(wh === undefined ? embedded : dense(embedded, w!, b), length, 0);
    let h: tf.Tensor2D = carry ? state.h : zero;
    let c: tf.Tensor2D = carry ? state.c : zero;
    const outputs: tf.Tensor2D[] = [];
    for (const x of inputs) {
      const sums = wh === undefined ? dense(tf.concat([x, h], 1), w!, b) : tf.add<tf.Tensor2D>(x, tf.matMul(h, wh));
      const [forget, ingate, outgate, change] = tf.split(sums, 4, 1);
      c = tf.add(tf.mul(tf.sigmoid(forget!), c), tf.mul(tf.sigmoid(ingate!), tf.tanh(change!)));
      h = tf.mul(tf.sigmoid(outgate!), tf.tanh(c));
      outputs.push(h);
    }
    if (carry) {
      state.h.assign(h);
      state.c.assign(c);
    }
    return crossEntropy(dense(tf.concat(outputs, 0), wo, bo), gold);
  };

  return trainTf(lossOf, 1, [embedding, w!, ...(wh === undefined ? [] : [wh]), b, wo, bo], options);
}
