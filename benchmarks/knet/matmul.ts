import { type KnetArray, matmul } from '@knet/knet';
import { type RunOptions, type RunResult, timePerCall } from '../harness/contract.js';
import { accept, products, roundTime } from '../micro.js';
import { from, start } from './start.js';

/** Single matrix products, in GFLOP/s. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const figures: Record<string, number> = {};
  let worst = 0;
  let total = 0;
  for (const product of products()) {
    // Row-major bytes are a column-major transpose: with C' = B' A' the result has the peers' bytes.
    const stored = ({ data, rows, columns, transposed }: (typeof product)['a']): KnetArray => {
      const x = from(data, columns, rows);
      return transposed ? x.t() : x;
    };
    const [a, b] = [stored(product.a), stored(product.b)];
    const multiply = (): KnetArray => matmul(b, a);
    worst = Math.max(worst, accept(product.name, product.error(await multiply().data())));
    const seconds = await timePerCall(async count => {
      let last: KnetArray | undefined;
      for (let i = 0; i < count; i++) {
        last?.dispose();
        last = multiply();
      }
      await last?.get(0, 0).item();
    }, roundTime(options.budget));
    figures[product.name] = product.flop / seconds / 1e9;
    total += seconds;
  }
  return { seconds: total, steps: 1, loss: worst, figures };
}
