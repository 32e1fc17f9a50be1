import { array, device, type KnetArray } from '@knet/knet';
import type { RunOptions, RunResult, Trainer } from '../harness/contract.js';
import { train } from '../harness/contract.js';

/** Sets up the device that the runner asked for. */
export async function start(options: RunOptions): Promise<void> {
  if (options.device === 'webgpu') await (await import('#webgpu')).openWebgpu();
  else await device(options.device);
}

/** An array of flat data; Knet's column-major `[outputs, inputs]` has the bytes of the peers' row-major `[inputs, outputs]`. */
export function from(data: Float32Array, ...shape: number[]): KnetArray {
  return array(data, { shape });
}

/** Takes one sample of a model whose `step` enqueues work and whose `loss` is an array of one element. */
export function sample(
  options: RunOptions,
  step: (index: number) => void,
  loss: () => KnetArray,
  last: () => KnetArray,
): Promise<RunResult> {
  const trainer: Trainer = {
    step,
    // Everything runs in order, so the last weight is there when everything is.
    finish: async () => {
      await last().data();
    },
    loss: () => loss().item(),
  };
  return train(trainer, options);
}
