/** Device memory: small storages are cut from slabs, larger ones are buffers of their own. */
import { bytesPerElement, type DType } from '@knet/knetarray';
import { usage } from './gpu.js';
import type { Queue } from './queue.js';

/** Storages up to this many bytes share a buffer. */
const largestInSlab = 65536;
const slabBytes = 2 ** 22;

/** A piece of a GPU buffer. */
export class GpuStorage {
  /** Number of the command buffer that uses it last. */
  usedBy = -1;
  /** Type of the elements that it was allocated for. */
  dtype: DType = 'float32';
  /** Whether this is the whole of a buffer that others are cut from. */
  isSlab = false;

  constructor(
    /** Never the same for two storages: the key to cache by. */
    readonly id: number,
    readonly buffer: GPUBuffer,
    /** Where it begins, in bytes. */
    readonly offset: number,
    /** A multiple of 16. */
    readonly bytes: number,
    /** All of the buffer, if other storages lie in it as well. */
    readonly slab?: GpuStorage,
  ) {}

  /** Whether other storages lie in the same buffer. */
  get shared(): boolean {
    return this.slab !== undefined || this.isSlab;
  }
}

/** Allocates the storages of a device. */
export class Allocator {
  #ids = 0;
  /** Bytes of all buffers. */
  #bytes = 0;
  #slab: GpuStorage | undefined;
  #slabUsed = 0;
  readonly #free = new Map<number, GpuStorage[]>();
  readonly #step: number;

  constructor(
    private readonly device: GPUDevice,
    private readonly queue: Queue,
    private readonly maxBytes: number,
  ) {
    this.#step = Math.max(256, device.limits.minStorageBufferOffsetAlignment);
  }

  /** Bytes that the device has given out, pooled ones and the rest of slabs included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error when the memory that may be used is exhausted */
  allocate(dtype: DType, length: number): GpuStorage {
    const wanted = Math.max(length * bytesPerElement(dtype), 16);
    if (wanted > largestInSlab) return this.#own(dtype, Math.ceil(wanted / 16) * 16);
    const bytes = Math.ceil(wanted / this.#step) * this.#step;
    const free = this.#free.get(bytes);
    const known = free?.pop();
    if (known !== undefined) {
      known.dtype = dtype;
      return known;
    }
    if (this.#slab === undefined || this.#slabUsed + bytes > slabBytes) {
      this.#slab = new GpuStorage(this.#ids++, this.#buffer(slabBytes), 0, slabBytes);
      this.#slab.isSlab = true;
      this.#slabUsed = 0;
    }
    const storage = new GpuStorage(this.#ids++, this.#slab.buffer, this.#slabUsed, bytes, this.#slab);
    storage.dtype = dtype;
    this.#slabUsed += bytes;
    return storage;
  }

  release(storage: GpuStorage): void {
    if (storage.slab === undefined) {
      this.#bytes -= storage.bytes;
      this.queue.destroyLater(storage.buffer);
      return;
    }
    const free = this.#free.get(storage.bytes);
    if (free === undefined) this.#free.set(storage.bytes, [storage]);
    else free.push(storage);
  }

  #own(dtype: DType, bytes: number): GpuStorage {
    const storage = new GpuStorage(this.#ids++, this.#buffer(bytes), 0, bytes);
    storage.dtype = dtype;
    return storage;
  }

  #buffer(size: number): GPUBuffer {
    if (this.#bytes + size > this.maxBytes) throw new Error(`${this.#bytes} of maxMemoryBytes ${this.maxBytes} are in use`);
    const { device } = this;
    // Whether there was memory is known only later: then everything that was computed with this buffer is void.
    device.pushErrorScope('out-of-memory');
    const buffer = device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    this.queue.watchErrors(device.popErrorScope(), `out of memory: the GPU had no room for ${size} bytes beside ${this.#bytes} in use`);
    this.#bytes += size;
    return buffer;
  }
}
