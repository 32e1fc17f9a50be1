/** Storages: typed arrays whose addresses the addon is told. */
import { bytesPerElement, type DType, type Storage, type TypedArray } from '@knet/knetarray';
import type { Native } from './native.js';

/** Elements begin at a multiple of this many bytes: a cache line, and a vector of AVX-512. */
const alignment = 64;

/** A typed array and the address of its first element. */
export class NativeStorage {
  constructor(
    readonly data: TypedArray,
    readonly address: number,
  ) {}
}

/** Memory for at least `length` elements. */
export function allocate(native: Native, dtype: DType, length: number): NativeStorage {
  const buffer = new ArrayBuffer(length * bytesPerElement(dtype) + alignment);
  const base = native.address(buffer);
  const offset = (alignment - (base % alignment)) % alignment;
  native.guard?.(buffer, offset, offset + length * bytesPerElement(dtype));
  return new NativeStorage(typedView(dtype, buffer, offset, length), base + offset);
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
