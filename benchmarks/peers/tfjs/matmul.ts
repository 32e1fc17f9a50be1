import * as tf from '@tensorflow/tfjs-core';
import { type RunOptions, type RunResult, timePerCall } from '../../harness/contract.js';
import { accept, type Product, products, roundTime } from '../../micro.js';
import { startTf } from './backend.js';

const flip = (x: tf.Tensor2D, yes: boolean): tf.Tensor2D => (yes ? tf.transpose(x, [1, 0]) : x);

/** Matrix products. The variant `wasm` transposes first, which is far faster there than the flags of `tf.matMul`. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const explicit = options.variant === 'wasm';
  const figures: Record<string, number> = {};
  let [seconds, loss] = [0, 0];
  for (const item of products()) {
    const tensor = (side: Product['a']): tf.Tensor2D => tf.tensor2d(side.data, [side.rows, side.columns]);
    const [a, b] = [tensor(item.a), tensor(item.b)];
    const multiply = (): tf.Tensor2D =>
      explicit ? tf.matMul(flip(a, item.a.transposed), flip(b, item.b.transposed)) : tf.matMul(a, b, item.a.transposed, item.b.transposed);
    loss = Math.max(loss, accept(`matmul ${item.name}`, item.error(tf.tidy(() => multiply().dataSync()))));
    const time = await timePerCall(count => {
      for (let i = 0; i < count; i++) tf.dispose(tf.tidy(multiply));
    }, roundTime(options.budget));
    figures[item.name] = item.flop / time / 1e9;
    seconds += time;
  }
  return { seconds, steps: 1, loss, figures };
}
