/** The native CPU backend. */
import {
  type Backend,
  type ConvolutionGeometry,
  type ConvolutionKind,
  type Distribution,
  type DType,
  isFloat,
  type Kernel,
  type Limits,
  type LstmGradients,
  type PoolingGeometry,
  type Program,
  type ReduceOp,
  type Shape,
  type SoftmaxGeometry,
  type SoftmaxKind,
  type Storage,
  type TypedArray,
  type View,
} from '@knet/knetarray';
import { Command } from './command.js';
import { convolution } from './kernels/convolution.js';
import { cumsum, gather, scatterAdd } from './kernels/gather.js';
import { lstm, lstmGradient } from './kernels/lstm.js';
import { matmul } from './kernels/matmul.js';
import { maxPooling, maxPoolingGradient } from './kernels/pooling.js';
import { Programs } from './kernels/program.js';
import { random } from './kernels/random.js';
import { reduce } from './kernels/reduce.js';
import { softmax, softmaxGradient } from './kernels/softmax.js';
import { loadNative, type Native } from './native.js';
import { Allocator, storageOf } from './storage.js';
import { NativeWeakReference } from './weak-reference.js';

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
  private readonly words: Float64Array;
  private readonly allocator: Allocator;
  private readonly command: Command;
  private readonly programs: Programs;

  constructor(private readonly native: Native) {
    this.words = native.connect();
    this.allocator = new Allocator(native);
    this.command = new Command(this.words);
    this.programs = new Programs(native, this.words);
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
    if (dtype === 'float16') return false;
    return kernel === 'softmax' || kernel === 'lstm' || kernel === 'convolution' ? isFloat(dtype) : true;
  }

  allocate(dtype: DType, length: number): Storage {
    return this.allocator.allocate(dtype, length);
  }

  release(storage: Storage): void {
    this.allocator.release(storageOf(storage));
  }

  weakReference(target: object): NativeWeakReference {
    return new NativeWeakReference(this.native, target);
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

  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    this.programs.map(program, inputs, scalars, outputs);
  }

  reduce(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    reduce(this.native, this.words, this.programs, op, program, inputs, scalars, shape, output);
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    matmul(this.native, this.command, a, b, output, alpha, beta);
  }

  convolution(kind: ConvolutionKind, geometry: ConvolutionGeometry, a: View, b: View, output: View): void {
    convolution(this.native, this.command, kind, geometry, a, b, output);
  }

  softmax(kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void {
    softmax(this.native, this.command, kind, geometry, x, output);
  }

  softmaxGradient(kind: SoftmaxKind, geometry: SoftmaxGeometry, y: View, dy: View, output: View): void {
    softmaxGradient(this.native, this.command, kind, geometry, y, dy, output);
  }

  lstm(gates: View, cell: View, newHidden: View, newCell: View): void {
    lstm(this.native, this.command, gates, cell, newHidden, newCell);
  }

  lstmGradient(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void {
    lstmGradient(this.native, this.command, gates, cell, newCell, states, gatesGradient, cellGradient);
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    gather(this.native, this.command, source, indices, output, dim);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    scatterAdd(this.native, this.command, source, indices, output, dim);
  }

  cumsum(x: View, output: View, dim: number): void {
    cumsum(this.native, this.command, x, output, dim);
  }

  maxPooling(geometry: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
    maxPooling(this.native, this.command, geometry, x, y, indices);
  }

  maxPoolingGradient(geometry: PoolingGeometry, x: View, dy: View, dx: View): void {
    maxPoolingGradient(this.native, this.command, geometry, x, dy, dx);
  }

  random(distribution: Distribution, key: readonly [number, number], output: View): void {
    random(this.native, this.command, distribution, key, output);
  }
}
