import { blockUntilReady, jit, numpy as np } from '@jax-js/jax';
import { type RunOptions, type RunResult, timePerCall } from '../../harness/contract.js';
import { accept, type Product, products, roundTime } from '../../micro.js';
import { startJax } from './backend.js';

/** Matrix products; a transposed operand is a view. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const figures: Record<string, number> = {};
  let [seconds, loss] = [0, 0];
  for (const item of products()) {
    const array = (side: Product['a']): np.Array => np.array(side.data).reshape([side.rows, side.columns]);
    const [a, b] = [array(item.a), array(item.b)];
    const multiply = (p: np.Array, q: np.Array): np.Array =>
      np.matmul(item.a.transposed ? np.transpose(p) : p, item.b.transposed ? np.transpose(q) : q);
    const call = options.variant.startsWith('jit') ? jit(multiply) : multiply;
    loss = Math.max(loss, accept(`matmul ${item.name}`, item.error(await call(a.ref, b.ref).data())));
    const time = await timePerCall(async count => {
      for (let i = 0; i < count; i++) (await blockUntilReady(call(a.ref, b.ref))).dispose();
    }, roundTime(options.budget));
    figures[item.name] = item.flop / time / 1e9;
    seconds += time;
  }
  return { seconds, steps: 1, loss, figures };
}
