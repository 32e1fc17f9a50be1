/** Storages: pieces of memory whose addresses the addon is told. */
import { bytesPerElement, type DType, type Storage, type TypedArray } from '@knet/knetarray';
import type { Native } from './native.js';

/** Elements begin at a multiple of this many bytes: a cache line, and a vector of AVX-512. */
const alignment = 64;

/** Bytes of a slab. Storages of more than half of it get memory of their own. */
const slabBytes = 2 ** 25;

/** Large storages of equal size must not all begin at the same place of a page: they would meet in the same sets of a cache. */
const stagger = 3 * alignment;
const pageBytes = 4096;

/** Memory that begins at a multiple of {@link alignment}. */
interface Piece {
  readonly buffer: ArrayBuffer;
  /** Byte of the buffer where it begins. */
  readonly offset: number;
  /** Its address. */
  readonly address: number;
}

/** A large piece of memory that storages are cut from. */
interface Slab extends Piece {
  /** Bytes that were given away. */
  used: number;
  /** Storages in use. */
  storages: number;
}

/** Elements in memory, and the address of the first one. */
export class NativeStorage {
  #data: TypedArray | undefined = undefined;

  constructor(
    readonly dtype: DType,
    readonly length: number,
    /** The memory; this reference keeps it alive. */
    private readonly buffer: ArrayBuffer,
    private readonly offset: number,
    readonly address: number,
    readonly slab: Slab | undefined,
  ) {}

  /** The elements. Made when they are asked for: JavaScript never sees most storages, and a typed array takes it half a microsecond. */
  get data(): TypedArray {
    this.#data ??= typedView(this.dtype, this.buffer, this.offset, this.length);
    return this.#data;
  }
}

/**
 * Makes storages. They are cut from slabs, which the system backs with huge pages where it has them: going through arrays
 * then misses the processor's table of pages a hundred times less often. A slab is used anew when all of its storages were released.
 */
export class Allocator {
  #slab: Slab | undefined;
  /** An empty slab that is kept. */
  #spare: Slab | undefined;

  constructor(private readonly native: Native) {}

  /** Memory for at least `length` elements. */
  allocate(dtype: DType, length: number): NativeStorage {
    const { native } = this;
    const bytes = length * bytesPerElement(dtype);
    // A checked build wants guards around every storage.
    if (bytes > slabBytes / 2 || native.guard !== undefined) {
      const { buffer, offset, address } = this.#piece(bytes);
      native.guard?.(buffer, offset, offset + bytes);
      return new NativeStorage(dtype, length, buffer, offset, address, undefined);
    }
    const slab = this.#slabFor(bytes);
    const at = slab.used;
    slab.used += Math.ceil(bytes / alignment) * alignment + (bytes < pageBytes ? 0 : stagger);
    slab.storages++;
    return new NativeStorage(dtype, length, slab.buffer, slab.offset + at, slab.address + at, slab);
  }

  /** Takes a storage back. */
  release({ slab }: NativeStorage): void {
    if (slab !== undefined && --slab.storages === 0 && slab !== this.#slab) this.#keep(slab);
  }

  /** The slab that has room for so many bytes. */
  #slabFor(bytes: number): Slab {
    const slab = this.#slab;
    if (slab !== undefined && slab.used + bytes <= slabBytes) return slab;
    const next = this.#spare ?? { ...this.#piece(slabBytes), used: 0, storages: 0 };
    this.#spare = undefined;
    if (slab?.storages === 0) this.#keep(slab);
    this.#slab = next;
    return next;
  }

  #keep(slab: Slab): void {
    slab.used = 0;
    this.#spare = slab;
  }

  #piece(bytes: number): Piece {
    const buffer = new ArrayBuffer(bytes + alignment);
    const base = this.native.address(buffer);
    const offset = (alignment - (base % alignment)) % alignment;
    return { buffer, offset, address: base + offset };
  }
}

/** The storage behind an opaque one. */
export function storageOf(storage: Storage): NativeStorage {
  if (storage instanceof NativeStorage) return storage;
  throw new TypeError('onednn: a storage of another backend');
}

function typedView(dtype: DType, buffer: ArrayBuffer, offset: number, length: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, offset, length);
    case 'float64':
      return new Float64Array(buffer, offset, length);
    case 'int32':
      return new Int32Array(buffer, offset, length);
    default:
      return new Uint8Array(buffer, offset, length);
  }
}
