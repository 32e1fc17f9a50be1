/** The CUDA backend. */
import {
  type Backend,
  bytesPerElement,
  DeviceLostError,
  type DType,
  decodeHalves,
  encodeHalves,
  isFloat,
  isHalf,
  type Kernel,
  type Limits,
  type LstmLayerGeometry,
  type LstmLayerViews,
  type Storage,
  type TypedArray,
  type View,
} from '@knet/knetarray';
import { Command, missingLast, NativeBackend, Programs } from '@knet-private/native-commands';
import { whyNot } from './find-native.js';
import { lstmLayer, lstmLayerGradient, lstmLayerMemory } from './lstm-layer.js';
import { type DeviceInfo, loadNative, type Native } from './native.js';
import { CudaStorage, storageOf } from './storage.js';

/** Options of {@link cudaBackend}. */
export interface CudaOptions {
  /** Number of the GPU, as CUDA counts them. Default: 0. */
  device?: number;
  /** Released bytes that are kept for reuse. Default: half of the GPU's memory. */
  maxPooledBytes?: number;
  /**
   * Lets cuBLAS and cuDNN round float32 factors to 10 bits of mantissa (TF32), which tensor cores multiply several times as fast; sums
   * stay in float32. Default: false.
   */
  tf32?: boolean;
  /** Frees what JavaScript has dropped lately, where the platform can be asked for it; @knet/knet gives one. */
  collectGarbage?: (() => void) | undefined;
}

let opened: CudaBackend | undefined;

/**
 * An NVIDIA GPU: float32, float64, float16, bfloat16, int32, uint8 and bool. Each thread of Node uses one GPU.
 *
 * @throws Error, in one sentence, when the addon is not built, there is no driver or no GPU, or another GPU is in use already
 *
 * @example
 * useBackend(cudaBackend());
 */
export function cudaBackend(options: CudaOptions = {}): CudaBackend {
  const { device = opened?.info.index ?? 0, tf32, collectGarbage } = options;
  if (opened === undefined) {
    const native = loadNative();
    const reason = whyNot(native.machine(), device);
    if (reason !== undefined) throw new Error(reason);
    opened = new CudaBackend(native, { ...options, device });
  } else if (opened.info.index !== device) {
    throw new Error(`this thread computes on GPU ${opened.info.index}: use a worker thread for GPU ${device}`);
  }
  if (tf32 !== undefined) opened.tf32 = tf32;
  if (collectGarbage !== undefined) opened.collectGarbage = collectGarbage;
  return opened;
}

/** See {@link cudaBackend}. */
export class CudaBackend extends NativeBackend<Native> implements Backend {
  readonly name = 'cuda';
  readonly collected = false;
  /** See {@link CudaOptions}. */
  collectGarbage: (() => void) | undefined;
  readonly limits: Limits;
  /** The GPU, and which libraries help. */
  readonly info: DeviceInfo;
  protected readonly spatialOrder = missingLast;
  readonly #lstmLayers: boolean;
  #tf32 = false;

  constructor(native: Native, { device = 0, maxPooledBytes, collectGarbage }: CudaOptions) {
    const words = native.open(device, lost);
    const command = new Command('cuda', words, storage => storageOf(storage).address);
    super(native, words, command, new Programs(native, words, command));
    this.info = native.deviceInfo();
    this.#lstmLayers = native.hasLstmLayers();
    this.collectGarbage = collectGarbage;
    this.limits = {
      maxProgramArrays: 16,
      maxInstructions: 48,
      maxStorageBytes: this.info.bytes,
      maxPooledBytes: maxPooledBytes ?? this.info.bytes / 2,
      minPooledBytes: 1,
    };
  }

  /** Bytes that the GPU has free, and all that it has, whoever uses them. */
  get deviceMemory(): { readonly free: number; readonly total: number } {
    return this.native.memoryInfo();
  }

  /** See {@link CudaOptions}. */
  get tf32(): boolean {
    return this.#tf32;
  }

  set tf32(allowed: boolean) {
    this.native.allowTf32(allowed);
    this.#tf32 = allowed;
  }

  /** Waits until the GPU has done everything. */
  synchronize(): void {
    this.native.synchronize();
  }

  supports(kernel: Kernel, dtype: DType): boolean {
    if (kernel === 'random') return dtype === 'float32' || dtype === 'float64';
    if (kernel === 'lstmLayer') return this.#lstmLayers && (dtype === 'float32' || dtype === 'float64');
    return kernel === 'softmax' || kernel === 'lstm' || kernel === 'convolution' ? isFloat(dtype) : true;
  }

  allocate(dtype: DType, length: number): Storage {
    // Not even an empty array is nowhere.
    return new CudaStorage(this.native.allocate(Math.max(length * bytesPerElement(dtype), 1)), dtype);
  }

  release(storage: Storage): void {
    this.native.release(storageOf(storage).address);
  }

  onShortage(giveBack: () => void): void {
    this.native.onShortage(giveBack);
  }

  ready(): Promise<void> {
    return this.native.ready();
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    const { address, dtype } = storageOf(storage);
    const stored = isHalf(dtype) ? encodeHalves(data, dtype) : data;
    // Node-API knows no shared memory.
    this.native.write(address + offset * bytesPerElement(dtype), stored.buffer instanceof ArrayBuffer ? stored : stored.slice());
  }

  async read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    const size = bytesPerElement(dtype);
    return toHost(dtype, await this.native.readLater(storageOf(storage).address + offset * size, length * size));
  }

  readSync(storage: Storage, dtype: DType, offset: number, length: number): TypedArray {
    const size = bytesPerElement(dtype);
    return toHost(dtype, this.native.read(storageOf(storage).address + offset * size, length * size));
  }

  lstmLayerMemory(geometry: LstmLayerGeometry, dtype: DType): number | undefined {
    return lstmLayerMemory(this.native, this.words, this.command, geometry, dtype);
  }

  lstmLayer(geometry: LstmLayerGeometry, inputs: LstmLayerViews, y: View, memory: View | undefined): void {
    lstmLayer(this.native, this.command, geometry, inputs, y, memory);
  }

  lstmLayerGradient(geometry: LstmLayerGeometry, inputs: LstmLayerViews, y: View, dy: View, memory: View, gradients: LstmLayerViews): void {
    lstmLayerGradient(this.native, this.command, geometry, inputs, y, dy, memory, gradients);
  }
}

const lost = (reason: string): DeviceLostError =>
  new DeviceLostError(`cuda: ${reason}. What was on the GPU is lost: start the process again and load the weights.`);

/** Bytes of a device as the host sees elements of a dtype. */
function toHost(dtype: DType, bytes: ArrayBuffer): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'float16':
    case 'bfloat16':
      return decodeHalves(new Uint16Array(bytes), dtype);
    default:
      return new Uint8Array(bytes);
  }
}
