/** Loading the addon: from this package after it was built, or from the prebuilt package of the platform. */
import { createRequire } from 'node:module';

/** The addon. A kernel reads its arguments from the block that `connect` returned. */
export interface Native {
  /** The command block of this thread. */
  connect(): Float64Array;
  /** Address of the first byte of a buffer; it stays the same as long as the buffer lives. */
  address(buffer: ArrayBuffer): number;
  /** Number of threads that kernels use; sets it when it is given. */
  threads(count?: number): number;
  /** Instruction set that was chosen when the addon was loaded. */
  readonly isa: 'avx512' | 'avx2' | 'none';
  /** Makes a weak reference; returns its handle. */
  weak(target: object): number;
  /** The target of a weak reference, or undefined once it was collected. */
  target(reference: number): object | undefined;
  /** Ends a weak reference; its handle means nothing any more. */
  forget(reference: number): void;
  matmul(): void;
  softmax(): void;
  softmaxGradient(): void;
  lstm(): void;
  lstmGradient(): void;
  /** Answers with a handle in the first word of the block. */
  compile(): void;
  map(): void;
  reduce(): void;
}

let loaded: Native | undefined;

/**
 * The addon, loaded at the first call.
 * @throws Error, in one sentence, when it is not built, cannot be loaded, or the processor is too old
 */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const require = createRequire(import.meta.url);
  const native = require('../build/knet.node') as Native;
  if (native.isa === 'none') throw new Error('@knet/knetarray-onednn: this processor has no AVX2, which the native kernels need');
  return native;
}
