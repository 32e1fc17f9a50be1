/** Asking for and choosing the GPU, as Knet does. */
import { type Backend, getDevice, useBackend } from '@knet/knetarray';
import { CudaBackend, cudaBackend } from './cuda-backend.js';

/**
 * The number of the GPU on which new arrays are made, or -1 when they are made elsewhere. With a number, first makes that GPU current;
 * a thread of Node stays with the first one that it has chosen.
 *
 * @throws Error, in one sentence, when that GPU cannot be had
 *
 * @example
 * gpu(0); // new arrays are made on the first GPU
 * gpu(); // 0
 */
export function gpu(number?: number): number {
  if (number !== undefined) useBackend(cudaBackend({ device: number }));
  const backend = currentBackend();
  return backend instanceof CudaBackend ? backend.info.index : -1;
}

function currentBackend(): Backend | undefined {
  try {
    return getDevice().backend;
  } catch {
    return undefined; // Nothing is set up yet.
  }
}
