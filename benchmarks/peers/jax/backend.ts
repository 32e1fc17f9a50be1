import { blockUntilReady, defaultDevice, grad, init, jit, numpy as np, tree } from '@jax-js/jax';
import { type RunOptions, type RunResult, train } from '../../harness/contract.js';

/** Device of a variant. */
type JaxDevice = 'wasm' | 'webgpu';

/**
 * Starts jax-js on its WebAssembly device, or on WebGPU for the variants that end so. Without a global `Worker`, as in Node,
 * WebAssembly has one thread.
 *
 * @throws Error when the device is missing
 */
export async function startJax({ variant }: RunOptions): Promise<void> {
  const wanted: JaxDevice = onWebgpu(variant) ? 'webgpu' : 'wasm';
  const devices = await init(wanted);
  if (!devices.includes(wanted)) throw new Error(`jax-js: no ${wanted} device, only ${devices.join(', ')}`);
  defaultDevice(wanted);
  const probe = np.array(Float32Array.of(1, 2));
  const { device } = probe;
  probe.dispose();
  if (device !== wanted) throw new Error(`jax-js: new arrays are made on ${device}, not on ${wanted}`);
}

export const onWebgpu = (variant: string): boolean => variant.endsWith('webgpu');

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
  const lazy = onWebgpu(options.variant);
  return train(
    {
      step: async index => {
        current = step(current, ...tree.ref(batchOf(index)));
        // Dispatch is lazy; without this the eager form would queue up a whole epoch.
        if (!lazy) await blockUntilReady(current);
      },
      finish: () => settle(current, options),
      loss: async () => (await evaluate(tree.ref(current), ...tree.ref(batchOf(0))).data())[0]!,
    },
    options,
  );
}

/** Waits until arrays that one compiled function gave have been computed. On WebGPU all kernels run in order, so the last array is asked alone. */
export async function settle(arrays: np.Array[], options: RunOptions): Promise<void> {
  await blockUntilReady(onWebgpu(options.variant) ? arrays.at(-1)! : arrays);
}
