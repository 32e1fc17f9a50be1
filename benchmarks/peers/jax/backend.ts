import { blockUntilReady, defaultDevice, grad, init, jit, type numpy as np, tree } from '@jax-js/jax';
import { type RunOptions, type RunResult, train } from '../../harness/contract.js';

/**
 * Starts jax-js on its WebAssembly device. Without a global `Worker`, as in Node, it uses one thread.
 *
 * @throws Error when the device is missing
 */
export async function startJax(): Promise<void> {
  const devices = await init('wasm');
  if (!devices.includes('wasm')) throw new Error(`jax-js: no wasm device, only ${devices.join(', ')}`);
  defaultDevice('wasm');
}

/** Parameters: a flat list, as jit and grad take it. */
export type Params = np.Array[];

/** Loss of a batch. As everywhere in jax-js, a function consumes the arrays it is passed. */
export type Loss = (params: Params, ...batch: np.Array[]) => np.Array;

/**
 * Trains by plain SGD: the whole step, gradient and update, is one function, compiled by `jit` or called eagerly.
 *
 * @param loss - loss of one batch
 * @param rate - learning rate
 * @param params - first parameters; consumed
 * @param batchOf - arrays of batch `index`; the batch stays ours
 */
export function trainJax(
  loss: Loss,
  rate: number,
  params: Params,
  batchOf: (index: number) => np.Array[],
  options: RunOptions,
): Promise<RunResult> {
  const gradient = grad(loss);
  const update = (current: Params, ...batch: np.Array[]): Params => {
    const gradients = gradient(tree.ref(current), ...batch);
    return current.map((p, i) => p.sub(gradients[i]!.mul(rate)));
  };
  const compiled = options.variant.startsWith('jit');
  const step = compiled ? jit(update) : update;
  const evaluate = compiled ? jit(loss) : loss;
  let current = params;
  return train(
    {
      step: async index => {
        current = step(current, ...tree.ref(batchOf(index)));
        // Dispatch is lazy; without this the eager form would queue up a whole epoch.
        await blockUntilReady(current);
      },
      finish: async () => {
        await blockUntilReady(current);
      },
      loss: () => evaluate(tree.ref(current), ...tree.ref(batchOf(0))).item(),
    },
    options,
  );
}
