import { blockUntilReady, grad, jit, numpy as np } from '@jax-js/jax';
import { type RunOptions, type RunResult, timePerCall } from '../../harness/contract.js';
import { accept, chain, roundTime } from '../../micro.js';
import { startJax } from './backend.js';

/** Time per function of a chain of small elementwise functions; under jit the whole chain is compiled into one call. */
export async function run(options: RunOptions): Promise<RunResult> {
  await startJax(options);
  const [x, factor, term] = [chain.x, chain.factor, chain.term].map(data => np.array(data));
  const forward = (start: np.Array): np.Array => {
    let value = start;
    for (let p = 0; p < chain.pairs; p++) value = value.mul(factor!.ref).add(term!.ref);
    return value;
  };
  const gradient = grad((start: np.Array) => np.sum(forward(start)));
  const compiled = options.variant.startsWith('jit');
  const [plain, both] = compiled ? [jit(forward), jit(gradient)] : [forward, gradient];
  const loss = Math.max(
    accept('overhead', chain.error(await plain!(x!.ref).data())),
    accept('overhead', chain.gradientError(await both!(x!.ref).data())),
  );
  const time = (f: (start: np.Array) => np.Array): Promise<number> =>
    timePerCall(async count => {
      for (let i = 0; i < count; i++) (await blockUntilReady(f(x!.ref))).dispose();
    }, roundTime(options.budget));
  const [plainTime, bothTime] = [await time(plain!), await time(both!)];
  const perFunction = 1e6 / (2 * chain.pairs);
  const figures = { forward: plainTime * perFunction, 'forward+backward': bothTime * perFunction };
  return { seconds: plainTime + bothTime, steps: 1, loss, figures };
}
