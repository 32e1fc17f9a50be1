/** Weak references that can be asked in the middle of a synchronous loop. */
import type { WeakReference } from '@knet/knetarray';
import type { NativeKernels } from './native-kernels.js';

/** See `Backend.weakReference`. */
export class NativeWeakReference implements WeakReference {
  /** Handle of the addon; 0 once it was released. */
  #handle: number;

  constructor(
    private readonly native: NativeKernels,
    target: object,
  ) {
    this.#handle = native.weak(target);
  }

  deref(): object | undefined {
    return this.#handle === 0 ? undefined : this.native.target(this.#handle);
  }

  release(): void {
    if (this.#handle !== 0) this.native.forget(this.#handle);
    this.#handle = 0;
  }
}
