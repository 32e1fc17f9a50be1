/** The WebGPU backend. */
/// <reference types="@webgpu/types" />
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
import type { Context } from './context.js';
import { pressGarbageCollector } from './garbage.js';
import { type AdapterOptions, type OpenedGpu, openGpu } from './gpu.js';
import { ConvolutionKernel } from './kernels/convolution.js';
import { CumsumKernel } from './kernels/cumsum.js';
import { GatherKernel } from './kernels/gather.js';
import { LstmKernel } from './kernels/lstm.js';
import { MapKernel } from './kernels/map.js';
import { MatmulKernel } from './kernels/matmul.js';
import { PoolingKernel } from './kernels/pooling.js';
import { RandomKernel } from './kernels/random.js';
import { ReduceKernel } from './kernels/reduce.js';
import { SoftmaxKernel } from './kernels/softmax.js';
import { type Profile, profile } from './profile.js';
import { Queue, type QueueCounts } from './queue.js';
import { Allocator, type GpuStorage } from './storage.js';
import { Transfer } from './transfer.js';
import { storageOf } from './views.js';

/** Options of {@link webgpuBackend}. */
export interface WebgpuOptions extends AdapterOptions {
  /** Name of the device. Default `webgpu`. */
  name?: string;
  /** Bytes that may be allocated on the GPU; beyond, allocation fails in an orderly way. Default: no limit. */
  maxMemoryBytes?: number;
  /** Released bytes that are kept for reuse. Default 512 MiB. */
  maxPooledBytes?: number;
  /** Kernels for GPUs, or for WebGPU that runs on a processor. Default: by the adapter. */
  kernels?: 'gpu' | 'software';
  /** Asks the host for a full garbage collection, called when dropped arrays are looked for. Default: presses the engine for one. */
  collectGarbage?: () => void;
}

/**
 * Opens a GPU through WebGPU: float32, int32, uint8 and bool. Each call opens a device of its own.
 *
 * @throws Error, in one sentence, when there is no WebGPU or no adapter
 *
 * @example
 * useBackend(await webgpuBackend());
 */
export async function webgpuBackend(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  return new WebgpuBackend(await openGpu(options), options);
}

/** See {@link webgpuBackend}. */
export class WebgpuBackend implements Backend {
  readonly name: string;
  readonly collected = false;
  readonly limits: Limits;
  readonly collectGarbage: () => void;
  /** The device, for those who draw with it, too. */
  readonly device: GPUDevice;
  /** What is known of the adapter. */
  readonly info: GPUAdapterInfo;
  /** Whether shaders run on a processor. */
  readonly software: boolean;
  private readonly queue: Queue;
  private readonly allocator: Allocator;
  private readonly transfer: Transfer;
  private readonly mapKernel: MapKernel;
  private readonly reduceKernel: ReduceKernel;
  private readonly matmulKernel: MatmulKernel;
  private readonly gatherKernel: GatherKernel;
  private readonly softmaxKernel: SoftmaxKernel;
  private readonly lstmKernel: LstmKernel;
  private readonly cumsumKernel: CumsumKernel;
  private readonly convolutionKernel: ConvolutionKernel;
  private readonly poolingKernel: PoolingKernel;
  private readonly randomKernel: RandomKernel;

  constructor({ device, info, software }: OpenedGpu, options: WebgpuOptions) {
    const { name = 'webgpu', maxMemoryBytes = Number.POSITIVE_INFINITY, maxPooledBytes = 2 ** 29, kernels } = options;
    this.name = name;
    this.device = device;
    this.info = info;
    this.software = kernels === undefined ? software : kernels === 'software';
    this.collectGarbage = options.collectGarbage ?? pressGarbageCollector;
    const { limits } = device;
    this.limits = {
      // Operands are told apart by four bits each, in a number that holds 13 of them.
      maxProgramArrays: Math.min(limits.maxStorageBuffersPerShaderStage, 12),
      maxInstructions: 48,
      maxStorageBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
      maxPooledBytes,
      minPooledBytes: 1,
    };
    this.queue = new Queue(device);
    this.allocator = new Allocator(device, this.queue, maxMemoryBytes);
    const context: Context = {
      device,
      queue: this.queue,
      allocator: this.allocator,
      software: this.software,
      subgroups: device.features.has('subgroups'),
    };
    this.mapKernel = new MapKernel(this.queue, limits.maxStorageBuffersPerShaderStage);
    this.reduceKernel = new ReduceKernel(context);
    this.matmulKernel = new MatmulKernel(context);
    this.gatherKernel = new GatherKernel(context);
    this.softmaxKernel = new SoftmaxKernel(context);
    this.lstmKernel = new LstmKernel(context);
    this.cumsumKernel = new CumsumKernel(context);
    this.convolutionKernel = new ConvolutionKernel(context);
    this.poolingKernel = new PoolingKernel(context);
    this.randomKernel = new RandomKernel(context);
    this.transfer = new Transfer(this.queue, this.allocator, this.mapKernel);
  }

  /** Dispatches and submits so far. */
  get counts(): Readonly<QueueCounts> {
    return this.queue.counts;
  }

  /** Bytes of all GPU buffers, pooled ones and the rest of slabs included. */
  get allocatedBytes(): number {
    return this.allocator.bytes;
  }

  supports(kernel: Kernel, dtype: DType): boolean {
    if (dtype === 'float64' || dtype === 'bfloat16' || (dtype === 'float16' && !this.device.features.has('shader-f16'))) return false;
    if (kernel === 'random') return dtype === 'float32';
    if (kernel === 'lstmLayer') return false;
    if (kernel === 'convolution') return isFloat(dtype);
    if (dtype === 'uint8' || dtype === 'bool')
      return kernel === 'map' || kernel === 'reduce' || kernel === 'gather' || kernel === 'scatterAdd';
    if (kernel === 'softmax' || kernel === 'lstm') return isFloat(dtype);
    return true;
  }

  /** Submits what was enqueued, without waiting for it. */
  flush(): void {
    this.queue.flush();
  }

  /** Submits what was enqueued, and waits while the GPU is more than two submits behind. */
  ready(): Promise<void> {
    return this.queue.ready();
  }

  /**
   * Runs `f` and tells how long each kernel took on the device. Every dispatch gets a pass of its own then, so that all of it takes a
   * little longer. Elementwise work that nothing asks for is not computed, and so not measured. Browsers round times to 0.1 ms.
   *
   * @throws Error when the device has no timestamps, and what `f` throws
   *
   * @example
   * console.log(String(await backend.profile(() => update(w, lossGradient(w, x, y), state))));
   */
  profile(f: () => unknown): Promise<Profile> {
    return profile(this.queue, f);
  }

  /** Gives the device back; every later call throws. */
  destroy(): void {
    this.device.destroy();
    this.queue.fail('the device was destroyed');
  }

  allocate(dtype: DType, length: number): GpuStorage {
    this.queue.check();
    return this.allocator.allocate(dtype, length);
  }

  release(storage: Storage): void {
    this.allocator.release(storageOf(storage));
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    this.transfer.write(storageOf(storage), offset, data);
  }

  read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    return this.transfer.read(storageOf(storage), dtype, offset, length);
  }

  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    this.mapKernel.run(program, inputs, scalars, outputs);
  }

  reduce(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    this.reduceKernel.run(op, program, inputs, scalars, shape, output);
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    this.matmulKernel.run(a, b, output, alpha, beta);
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    this.gatherKernel.gather(source, indices, output, dim);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    this.gatherKernel.scatterAdd(source, indices, output, dim);
  }

  random(distribution: Distribution, key: readonly [number, number], output: View): void {
    this.randomKernel.run(distribution, key, output);
  }

  softmax(kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void {
    this.softmaxKernel.softmax(kind, geometry, x, output);
  }

  softmaxGradient(kind: SoftmaxKind, geometry: SoftmaxGeometry, y: View, dy: View, output: View): void {
    this.softmaxKernel.gradient(kind, geometry, y, dy, output);
  }

  lstm(gates: View, cell: View, newHidden: View, newCell: View): void {
    this.lstmKernel.lstm(gates, cell, newHidden, newCell);
  }

  lstmGradient(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void {
    this.lstmKernel.gradient(gates, cell, newCell, states, gatesGradient, cellGradient);
  }

  cumsum(x: View, output: View, dim: number): void {
    this.cumsumKernel.run(x, output, dim);
  }

  convolution(kind: ConvolutionKind, geometry: ConvolutionGeometry, a: View, b: View, output: View): void {
    this.convolutionKernel.run(kind, geometry, a, b, output);
  }

  maxPooling(geometry: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
    this.poolingKernel.maxPooling(geometry, x, y, indices);
  }

  maxPoolingGradient(geometry: PoolingGeometry, x: View, dy: View, dx: View): void {
    this.poolingKernel.maxPoolingGradient(geometry, x, dy, dx);
  }
}
