/** What kernels are given: the device with its queue and memory. */
import type { Queue } from './queue.js';
import type { Allocator } from './storage.js';

/** One opened device. */
export interface Context {
  readonly device: GPUDevice;
  readonly queue: Queue;
  /** For scratch: allocate, dispatch, release. Commands run in order, so released memory may be used by later ones at once. */
  readonly allocator: Allocator;
  /** Whether shaders run on a processor: shared memory and barriers then cost more than they save. */
  readonly software: boolean;
  /** Whether WGSL may use subgroup operations. */
  readonly subgroups: boolean;
}
