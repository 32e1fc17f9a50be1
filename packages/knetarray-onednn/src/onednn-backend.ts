/** The native CPU backend. */
import type { Backend, DType, Kernel, Limits, Program, ReduceOp, Shape, Storage, TypedArray, View } from '@knet/knetarray';
import { Command } from './command.js';
import { matmul } from './kernels/matmul.js';
import { loadNative, type Native } from './native.js';
import { allocate, storageOf } from './storage.js';

/** Options of {@link onednnBackend}. */
export interface OnednnOptions {
  /** Threads that kernels use, the calling one included. Default: the processors that this process may use. */
  threads?: number;
  /** Frees what JavaScript has dropped lately, where the platform can be asked for it; @knet/knet gives one. */
  collectGarbage?: (() => void) | undefined;
}

let shared: OnednnBackend | undefined;

/**
 * The native CPU backend: float32, float64, int32, uint8 and bool in vectorised C++ on several threads.
 *
 * @throws Error, in one sentence, when the addon is not built, a library is missing, or the processor has no AVX2
 *
 * @example
 * useBackend(onednnBackend());
 */
export function onednnBackend({ threads, collectGarbage }: OnednnOptions = {}): OnednnBackend {
  shared ??= new OnednnBackend(loadNative());
  if (threads !== undefined) shared.threads = threads;
  if (collectGarbage !== undefined) shared.collectGarbage = collectGarbage;
  return shared;
}

/** See {@link onednnBackend}. */
export class OnednnBackend implements Backend {
  readonly name = 'onednn';
  readonly collected = true;
  /** See {@link OnednnOptions}. */
  collectGarbage: (() => void) | undefined = undefined;
  readonly limits: Limits = {
    maxProgramArrays: 16,
    maxInstructions: 48,
    maxStorageBytes: 2 ** 32,
    maxPooledBytes: 2 ** 30,
    minPooledBytes: 1,
  };
  private readonly command: Command;

  constructor(private readonly native: Native) {
    this.command = new Command(native.connect());
  }

  /** Threads that kernels use. All backends of a process share them. */
  get threads(): number {
    return this.native.threads();
  }
  set threads(count: number) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`onednn: threads must be a whole number of 1 or more, not ${count}`);
    this.native.threads(count);
  }

  /** Instruction set that kernels use: the best one of the processor, or what KNET_ISA says. */
  get isa(): 'avx512' | 'avx2' {
    return this.native.isa === 'avx512' ? 'avx512' : 'avx2';
  }

  supports(_kernel: Kernel, _dtype: DType): boolean {
    return true;
  }

  allocate(dtype: DType, length: number): Storage {
    return allocate(this.native, dtype, length);
  }

  release(): void {
    // Typed arrays belong to the garbage collector.
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    storageOf(storage).data.set(data, offset);
  }

  async read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.readSync(storage, dtype, offset, length);
  }

  readSync(storage: Storage, _dtype: DType, offset: number, length: number): TypedArray {
    return storageOf(storage).data.slice(offset, offset + length);
  }

  map(_program: Program, _inputs: readonly View[], _scalars: readonly number[], _outputs: readonly View[]): void {
    throw new Error('onednn: map');
  }

  reduce(_op: ReduceOp, _program: Program, _inputs: readonly View[], _scalars: readonly number[], _shape: Shape, _output: View): void {
    throw new Error('onednn: reduce');
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    matmul(this.native, this.command, a, b, output, alpha, beta);
  }

  gather(_source: View, _indices: View, _output: View, _dim: number): void {
    throw new Error('onednn: gather');
  }

  scatterAdd(_source: View, _indices: View, _output: View, _dim: number): void {
    throw new Error('onednn: scatterAdd');
  }
}
