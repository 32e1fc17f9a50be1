import { add, grad, type KnetArray, mul, sum } from '@knet/knet';
import { type RunOptions, type RunResult, timePerCall } from '../harness/contract.js';
import { accept, chain, roundTime } from '../micro.js';
import { from, start } from './start.js';

/** Time per function of a chain of small elementwise functions. */
export async function run(options: RunOptions): Promise<RunResult> {
  await start(options);
  const [x, factor, term] = [chain.x, chain.factor, chain.term].map(data => from(data, 10)) as [KnetArray, KnetArray, KnetArray];
  const forward = (from: KnetArray): KnetArray => {
    let value = from;
    for (let p = 0; p < chain.pairs; p++) value = add(mul(value, factor), term);
    return value;
  };
  const gradient = grad((from: KnetArray) => sum(forward(from)));
  const loss = Math.max(
    accept('overhead', chain.error(await forward(x).data())),
    accept('overhead', chain.gradientError(await gradient(x).data())),
  );
  const time = (f: (x: KnetArray) => KnetArray): Promise<number> =>
    timePerCall(async count => {
      for (let i = 0; i < count; i++) await f(x).data();
    }, roundTime(options.budget));
  const [plainTime, bothTime] = [await time(forward), await time(gradient)];
  const perFunction = 1e6 / (2 * chain.pairs);
  const figures = { forward: plainTime * perFunction, 'forward+backward': bothTime * perFunction };
  return { seconds: plainTime + bothTime, steps: 1, loss, figures };
}
