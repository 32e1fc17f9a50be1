/** Weak references that can be asked in the middle of a synchronous loop. */
import type { WeakReference } from '@knet/knetarray';
import type { NativeKernels } from './native-kernels.js';

/** See `Backend.weakReference`. */
export class NativeWeakReference implements WeakReference {
  /** Handle of the addon; 0 once the reference has ended. */
  #handle: number;

  constructor(
    private readonly native: NativeKernels,
    target: object,
  ) {
    this.#handle = native.weak(target);
  }

  deref(): object | undefined {
    if (this.#handle === 0) return undefined;
    const target = this.native.target(this.#handle);
    if (target === undefined) this.#handle = 0;
    return target;
  }

  release(): void {
    if (this.#handle !== 0) this.native.forget(this.#handle);
    this.#handle = 0;
  }

  renew(target: object): void {
    this.release();
    this.#handle = this.native.weak(target);
  }
}
