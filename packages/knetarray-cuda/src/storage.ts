/** Storages: pieces of GPU memory, known by their address. */
import type { DType, Storage } from '@knet/knetarray';

/** GPU memory. */
export class CudaStorage {
  constructor(
    /** Of the first byte, in the memory of the GPU. */
    readonly address: number,
    /** Of the elements that it was allocated for. */
    readonly dtype: DType,
  ) {}
}

/** The storage behind an opaque one. */
export function storageOf(storage: Storage): CudaStorage {
  if (storage instanceof CudaStorage) return storage;
  throw new TypeError('cuda: a storage of another backend');
}
