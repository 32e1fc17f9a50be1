import * as tf from '@tensorflow/tfjs-core';
import { type RunOptions, type RunResult, timePerCall } from '../../harness/contract.js';
import { accept, chain, roundTime } from '../../micro.js';
import { startTf } from './backend.js';

/** Time per function of a chain of small elementwise functions: called plainly, and inside `tf.grad`. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startTf(options.variant);
  const [x, factor, term] = [chain.x, chain.factor, chain.term].map(data => tf.tensor1d(data));
  const forward = (start: tf.Tensor): tf.Tensor => {
    let value = start;
    for (let p = 0; p < chain.pairs; p++) value = tf.add(tf.mul(value, factor!), term!);
    return value;
  };
  const gradient = tf.grad(forward);
  const loss = Math.max(
    accept('overhead', chain.error(tf.tidy(() => forward(x!).dataSync()))),
    accept('overhead', chain.gradientError(tf.tidy(() => gradient(x!).dataSync()))),
  );
  const time = (f: () => tf.Tensor): Promise<number> =>
    timePerCall(count => {
      for (let i = 0; i < count; i++) tf.dispose(tf.tidy(f));
    }, roundTime(options.budget));
  const [plain, both] = [await time(() => forward(x!)), await time(() => gradient(x!))];
  const perFunction = 1e6 / (2 * chain.pairs);
  const figures = { forward: plain * perFunction, 'forward+backward': both * perFunction };
  return { seconds: plain + both, steps: 1, loss, figures };
}
