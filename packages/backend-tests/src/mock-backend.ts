/**
 * A device for tests: kernels of another backend behind explicit memory, asynchronous reads and strict checks. What would pass
 * unnoticed on a forgiving backend - memory used after its release, contents that nobody wrote, programs beyond the limits -
 * fails here, and names the kernel.
 */
import type { Backend, DType, Kernel, Limits, OptionalKernel, Program, Storage, TypedArray, View } from '@knet/knetarray';
import { bytesPerElement, dtypes, isFloat, typedArray } from '@knet/knetarray';
import {
  checkContiguous,
  checkLstmLayer,
  checkMatmul,
  checkPositions,
  checkProgram,
  checkReduction,
  MockStorage,
  operandsOf,
} from './mock-checks.js';
import { layerBackward, layerForward, layerMemory } from './mock-lstm-layer.js';

/** Options of {@link mockDevice}. */
export interface MockOptions {
  /** Name of the device. Default `mock`. */
  name?: string;
  /** Live bytes beyond which `allocate` throws. Default: none. */
  memoryLimit?: number;
  /** Optional kernels that this device does not have, so that their defaults run. */
  without?: readonly OptionalKernel[];
  /** Element types of the device; default those of the inner backend. */
  dtypes?: readonly DType[];
  /** Overrides of the limits; by default small, with no pool, so that every release reaches the device. */
  limits?: Partial<Limits>;
}

/**
 * A strict asynchronous device around the kernels of another backend: no blocking read, storages that must be released,
 * undefined contents filled with NaN, small limits. It has a kernel of whole LSTM layers of its own, in plain loops.
 *
 * @example
 * const mock = mockDevice(cpuBackend(), { memoryLimit: 2 ** 20 });
 * useBackend(mock);
 * mock.counts.get('matmul'); // calls so far
 */
export function mockDevice(inner: Backend, options: MockOptions = {}): MockBackend {
  return new MockBackend(inner, options);
}

/** See {@link mockDevice}. */
export class MockBackend implements Backend {
  readonly name: string;
  readonly collected = false;
  readonly limits: Limits;
  /** Calls by name of the kernel or storage function. */
  readonly counts = new Map<string, number>();
  /** Live bytes beyond which `allocate` throws; may be changed at any time. */
  memoryLimit: number;
  /** When set, the next call of this kernel throws. */
  failNext: Kernel | undefined = undefined;
  #liveBytes = 0;
  readonly #live = new Set<MockStorage>();
  readonly #without: ReadonlySet<string>;
  readonly #dtypes: readonly DType[];
  readonly convolution: Backend['convolution'];
  readonly random: Backend['random'];
  readonly maxPooling: Backend['maxPooling'];
  readonly maxPoolingGradient: Backend['maxPoolingGradient'];
  readonly cumsum: Backend['cumsum'];
  readonly softmax: Backend['softmax'];
  readonly softmaxGradient: Backend['softmaxGradient'];
  readonly lstm: Backend['lstm'];
  readonly lstmGradient: Backend['lstmGradient'];
  readonly lstmLayerMemory: Backend['lstmLayerMemory'];
  readonly lstmLayer: Backend['lstmLayer'];
  readonly lstmLayerGradient: Backend['lstmLayerGradient'];

  constructor(
    readonly inner: Backend,
    { name = 'mock', memoryLimit = Number.POSITIVE_INFINITY, without = [], dtypes: types = dtypes, limits = {} }: MockOptions,
  ) {
    this.name = name;
    this.memoryLimit = memoryLimit;
    this.#without = new Set(without);
    this.#dtypes = types;
    this.limits = {
      maxProgramArrays: 8,
      maxInstructions: 16,
      maxStorageBytes: inner.limits.maxStorageBytes,
      maxPooledBytes: 0,
      minPooledBytes: 256,
      ...limits,
    };
    const optional = <T>(kernel: OptionalKernel, f: T): T | undefined => (this.#has(kernel) ? f : undefined);
    this.convolution = optional('convolution', (kind, geometry, a, b, output) => {
      const [x, y, z] = this.#contiguous('convolution', [a, b], [output]);
      inner.convolution?.(kind, geometry, x!, y!, z!);
    });
    this.maxPooling = optional('maxPooling', (geometry, x, y, indices) => {
      const [a, b, c] = this.#contiguous('maxPooling', [x], indices === undefined ? [y] : [y, indices]);
      inner.maxPooling?.(geometry, a!, b!, c);
    });
    if (inner.maxPoolingGradient !== undefined) {
      this.maxPoolingGradient = optional('maxPooling', (geometry, x, dy, dx) => {
        const [a, b, c] = this.#contiguous('maxPooling', [x, dy], [dx]);
        inner.maxPoolingGradient?.(geometry, a!, b!, c!);
      });
    }
    this.random = optional('random', (distribution, key, output) => {
      const [y] = this.#contiguous('random', [], [output]);
      inner.random?.(distribution, key, y!);
    });
    this.softmax = optional('softmax', (kind, geometry, x, output) => {
      const [a, b] = this.#contiguous('softmax', [x], [output]);
      inner.softmax?.(kind, geometry, a!, b!);
    });
    this.softmaxGradient = optional('softmax', (kind, geometry, y, dy, output) => {
      const [a, b, c] = this.#contiguous('softmax', [y, dy], [output]);
      inner.softmaxGradient?.(kind, geometry, a!, b!, c!);
    });
    this.lstm = optional('lstm', (gates, cell, newHidden, newCell) => {
      const [a, b, c, d] = this.#contiguous('lstm', [gates, cell], [newHidden, newCell]);
      inner.lstm?.(a!, b!, c!, d!);
    });
    this.lstmGradient = optional('lstm', (gates, cell, newCell, states, gatesGradient, cellGradient) => {
      const inputs = [gates, cell, newCell, states.hidden, states.cell];
      const [a, b, c, hidden, d, e, f] = this.#contiguous('lstm', inputs, [gatesGradient, cellGradient]);
      inner.lstmGradient?.(a!, b!, c!, { hidden: hidden!, cell: d! }, e!, f!);
    });
    if (!this.#without.has('lstmLayer')) {
      this.lstmLayerMemory = layerMemory;
      this.lstmLayer = (geometry, inputs, y, memory) => {
        checkLstmLayer(geometry, inputs, y, memory);
        const { weight, bias, x, hidden, cell } = inputs;
        const outputs = memory === undefined ? [y] : [y, memory];
        const [a, b, c, d, e, p, q] = this.#contiguous('lstmLayer', [weight, bias, x, hidden, cell], outputs);
        layerForward(inner, geometry, { weight: a!, bias: b!, x: c!, hidden: d!, cell: e! }, p!, q);
      };
      this.lstmLayerGradient = (geometry, inputs, y, dy, memory, gradients) => {
        checkLstmLayer(geometry, inputs, y, memory);
        checkLstmLayer(geometry, gradients, dy, memory);
        const listed = [inputs.weight, inputs.bias, inputs.x, inputs.hidden, inputs.cell, y, dy, memory];
        const { weight, bias, x, hidden, cell } = gradients;
        const views = this.#contiguous('lstmLayer', listed, [weight, bias, x, hidden, cell]);
        const [a, b, c, d, e, result, arriving, kept, ...rest] = views;
        const [p, q, r, s, t] = rest;
        const given = { weight: a!, bias: b!, x: c!, hidden: d!, cell: e! };
        layerBackward(inner, geometry, given, result!, arriving!, kept!, { weight: p!, bias: q!, x: r!, hidden: s!, cell: t! });
      };
    }
    this.cumsum = optional('cumsum', (x, output, dim) => {
      const [a, b] = this.#enter('cumsum', [x], [output]);
      inner.cumsum?.(a!, b!, dim);
    });
  }

  /** Bytes of storages that are not released. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Storages that are not released. */
  get liveStorages(): number {
    return this.#live.size;
  }

  supports(kernel: Kernel, dtype: DType): boolean {
    if (!this.#dtypes.includes(dtype) || this.#without.has(kernel)) return false;
    return kernel === 'lstmLayer' ? dtype === 'float32' || dtype === 'float64' : this.inner.supports(kernel, dtype);
  }

  allocate(dtype: DType, length: number): Storage {
    this.#count('allocate');
    const bytes = length * bytesPerElement(dtype);
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`${this.name}: allocate: a length of ${length}`);
    if (!this.#dtypes.includes(dtype)) throw new TypeError(`${this.name}: allocate: this device has no ${dtype}`);
    if (this.#liveBytes + bytes > this.memoryLimit)
      throw new Error(`${this.name}: ${bytes} bytes asked for, ${this.memoryLimit - this.#liveBytes} free`);
    const storage = new MockStorage(this.inner.allocate(dtype, length), dtype, length, bytes);
    const garbage = typedArray(dtype, length);
    garbage.fill(isFloat(dtype) ? Number.NaN : dtype === 'int32' ? 0x5a5a5a5a : 0xa5);
    if (length > 0) this.inner.write(storage.inner, 0, garbage);
    this.#liveBytes += bytes;
    this.#live.add(storage);
    return storage;
  }

  release(storage: Storage): void {
    this.#count('release');
    const s = this.#own('release', storage);
    s.released = true;
    this.#live.delete(s);
    this.#liveBytes -= s.bytes;
    this.inner.release(s.inner);
  }

  write(storage: Storage, offset: number, data: TypedArray): void {
    this.#count('write');
    const s = this.#own('write', storage);
    if (offset < 0 || offset + data.length > s.length)
      throw new RangeError(`write: elements ${offset} to ${offset + data.length} of ${s.length}`);
    this.inner.write(s.inner, offset, data);
  }

  read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    this.#count('read');
    const s = this.#own('read', storage);
    if (s.dtype !== dtype) throw new TypeError(`read: ${dtype} from a storage of ${s.dtype}`);
    if (offset < 0 || offset + length > s.length) throw new RangeError(`read: elements ${offset} to ${offset + length} of ${s.length}`);
    // The snapshot is taken in queue order, here; it arrives later.
    const snapshot = this.inner.readSync?.(s.inner, dtype, offset, length);
    if (snapshot === undefined) throw new Error('mockDevice: the inner backend must be able to block');
    return new Promise(resolve => setTimeout(() => resolve(snapshot), 0));
  }

  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    const views = this.#enter('map', inputs, outputs);
    checkProgram('map', program, inputs, scalars, outputs, outputs[0]!.shape, this.limits);
    this.inner.map(program, views.slice(0, inputs.length), scalars, views.slice(inputs.length));
  }

  reduce(
    op: Parameters<Backend['reduce']>[0],
    program: Program,
    inputs: readonly View[],
    scalars: readonly number[],
    shape: readonly number[],
    output: View,
  ): void {
    const views = this.#enter('reduce', inputs, [output]);
    checkProgram('reduce', program, inputs, scalars, [output], shape, this.limits);
    checkReduction(op, program, shape, output);
    this.inner.reduce(op, program, views.slice(0, inputs.length), scalars, shape, views[inputs.length]!);
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    const [x, y, z] = this.#enter('matmul', [a, b], [output]);
    checkMatmul(a, b, output);
    this.inner.matmul(x!, y!, z!, alpha, beta);
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    const [x, i, y] = this.#enter('gather', [source, indices], [output]);
    checkPositions('gather', source, indices, output, dim);
    this.inner.gather(x!, i!, y!, dim);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    const [x, i, y] = this.#enter('scatterAdd', [source, indices], [output]);
    checkPositions('scatterAdd', output, indices, source, dim);
    this.inner.scatterAdd(x!, i!, y!, dim);
  }

  #has(kernel: OptionalKernel): boolean {
    return !this.#without.has(kernel) && this.inner[kernel] !== undefined;
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  #own(kernel: string, storage: Storage): MockStorage {
    if (!(storage instanceof MockStorage)) throw new TypeError(`${kernel}: a storage of another device`);
    if (storage.released) throw new Error(`${kernel}: a storage of ${storage.length} ${storage.dtype} elements is used after its release`);
    return storage;
  }

  /** Like {@link MockBackend.#enter}, for kernels over contiguous views. */
  #contiguous(kernel: Kernel, inputs: readonly View[], outputs: readonly View[]): View[] {
    for (const view of [...inputs, ...outputs]) checkContiguous(kernel, view);
    return this.#enter(kernel, inputs, outputs);
  }

  /** Counts and checks a kernel call; returns the views on the storages of the inner backend. */
  #enter(kernel: Kernel, inputs: readonly View[], outputs: readonly View[]): View[] {
    this.#count(kernel);
    if (this.failNext === kernel) {
      this.failNext = undefined;
      throw new Error(`${this.name}: ${kernel} failed, as the test asked for`);
    }
    for (const view of [...inputs, ...outputs]) this.#own(kernel, view.storage);
    return operandsOf(kernel, inputs, outputs);
  }
}
