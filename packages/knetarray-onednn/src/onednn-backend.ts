/** The native CPU backend. */
import {
  type Backend,
  type DType,
  isFloat,
  isHalf,
  type Kernel,
  type Limits,
  type Storage,
  type TypedArray,
  typedArray,
} from '@knet/knetarray';
import { Command, lastStaysLast, NativeBackend } from '@knet-private/native-commands';
import { DensePrograms } from './dense-programs.js';
import { loadNative, type Native } from './native.js';
import { Allocator, storageOf } from './storage.js';

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
export class OnednnBackend extends NativeBackend<Native> implements Backend {
  readonly name = 'onednn';
  /** Storages are typed arrays, but kept in a pool of our own: new ones are zeroed and paged in anew each time. */
  readonly collected = false;
  /** See {@link OnednnOptions}. */
  collectGarbage: (() => void) | undefined = undefined;
  readonly limits: Limits = {
    maxProgramArrays: 16,
    maxInstructions: 48,
    maxStorageBytes: 2 ** 32,
    maxPooledBytes: 2 ** 30,
    minPooledBytes: 1,
  };
  protected readonly spatialOrder = lastStaysLast;
  private readonly allocator: Allocator;

  constructor(native: Native) {
    const words = native.connect();
    const command = new Command('onednn', words, storage => storageOf(storage).address);
    super(native, words, command, new DensePrograms(native, words, command));
    this.allocator = new Allocator(native);
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

  supports(kernel: Kernel, dtype: DType): boolean {
    if (isHalf(dtype) || kernel === 'lstmLayer') return false;
    return kernel === 'softmax' || kernel === 'lstm' || kernel === 'convolution' ? isFloat(dtype) : true;
  }

  allocate(dtype: DType, length: number): Storage {
    return this.allocator.allocate(dtype, length);
  }

  release(storage: Storage): void {
    const released = storageOf(storage);
    // Commands that wait may still want what the garbage collector would now free.
    this.native.wait();
    this.allocator.release(released);
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    const { data: elements } = storageOf(storage);
    this.native.wait();
    // A single number, as of a bias or a loss, goes past the calls for many.
    if (data.length === 1) elements[offset] = data[0]!;
    else elements.set(data, offset);
  }

  async read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.readSync(storage, dtype, offset, length);
  }

  readSync(storage: Storage, dtype: DType, offset: number, length: number): TypedArray {
    const { data } = storageOf(storage);
    this.native.wait();
    if (length !== 1) return data.slice(offset, offset + length);
    const one = typedArray(dtype, 1);
    one[0] = data[offset]!;
    return one;
  }
}
