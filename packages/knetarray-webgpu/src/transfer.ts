/** Moving elements between the host and the device. */
import {
  bytesPerElement,
  copyProgram,
  type DType,
  decodeHalves,
  encodeHalves,
  type TypedArray,
  typedArray,
  type View,
} from '@knet/knetarray';
import { mapRead, usage } from './gpu.js';
import type { MapKernel } from './kernels/map.js';
import type { Queue } from './queue.js';
import type { Allocator, GpuStorage } from './storage.js';

/** Staging buffers that are kept for the next read, and their largest size. */
const maxStaging = 8;
const largestStaging = 2 ** 22;

/** Reads and writes of one device. */
export class Transfer {
  readonly #staging: GPUBuffer[] = [];

  constructor(
    private readonly queue: Queue,
    private readonly allocator: Allocator,
    private readonly map: MapKernel,
  ) {}

  /** Copies host data in, starting at element `offset`. */
  write(storage: GpuStorage, offset: number, data: TypedArray): void {
    if (data.length === 0) return;
    const stored = storage.dtype === 'float16' ? encodeHalves(data) : data;
    const start = offset * stored.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    if (start % 4 === 0 && bytes.length % 4 === 0) this.queue.write(storage, start, bytes);
    else this.#writePart(storage, offset, bytes, stored.length);
  }

  /** Elements that are no whole words are copied by a kernel, so that their neighbours stay. */
  #writePart(storage: GpuStorage, offset: number, bytes: Uint8Array, length: number): void {
    const dtype = storage.dtype === 'float16' ? 'float16' : 'uint8';
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    const scratch = this.allocator.allocate(dtype, padded.length);
    try {
      this.queue.write(scratch, 0, padded);
      const view = (of: GpuStorage, from: number): View => ({
        storage: of,
        dtype,
        shape: [length],
        strides: [1],
        offset: from,
      });
      this.map.run(copyProgram(dtype), [view(scratch, 0)], [], [view(storage, offset)]);
    } finally {
      this.allocator.release(scratch);
    }
  }

  /** A host copy of elements. */
  async read(storage: GpuStorage, dtype: DType, offset: number, length: number): Promise<TypedArray> {
    if (length === 0) return typedArray(dtype, 0);
    const result = dtype === 'float16' ? new Uint16Array(length) : typedArray(dtype, length);
    const { queue } = this;
    const start = offset * bytesPerElement(dtype);
    const from = Math.floor(start / 4) * 4;
    const size = Math.ceil((start + result.byteLength - from) / 4) * 4;
    queue.check();
    const staging = this.#take(size);
    queue.copy(storage.buffer, storage.offset + from, staging, 0, size);
    queue.flush();
    try {
      await queue.patiently(() => staging.mapAsync(mapRead, 0, size));
      // Elements that an invalid command was to compute would be zeros.
      await queue.settled();
    } catch (cause) {
      staging.destroy();
      await this.#explain(cause);
    }
    new Uint8Array(result.buffer).set(
      new Uint8Array(staging.getMappedRange(0, size)).subarray(start - from, start - from + result.byteLength),
    );
    staging.unmap();
    this.#give(staging);
    return result instanceof Uint16Array ? decodeHalves(result) : result;
  }

  /** A lost device cannot map; why it was lost is known a moment later. */
  async #explain(cause: unknown): Promise<never> {
    const { queue } = this;
    await queue.settled();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      queue.device.lost,
      new Promise(resolve => {
        timer = setTimeout(resolve, 1000);
      }),
    ]);
    clearTimeout(timer);
    queue.check();
    throw new Error('webgpu: the elements could not be read', { cause });
  }

  #take(size: number): GPUBuffer {
    const at = this.#staging.findIndex(buffer => buffer.size >= size);
    if (at >= 0) return this.#staging.splice(at, 1)[0]!;
    const capacity = Math.max(4096, 2 ** Math.ceil(Math.log2(size)));
    return this.queue.device.createBuffer({ size: size > largestStaging ? size : capacity, usage: usage.mapRead | usage.copyTarget });
  }

  #give(buffer: GPUBuffer): void {
    if (buffer.size <= largestStaging && this.#staging.length < maxStaging) this.#staging.push(buffer);
    else buffer.destroy();
  }
}
