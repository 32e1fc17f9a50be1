/** Storage of the CPU backend: a typed array. */
import type { DType, Storage, TypedArray, View } from '@knet/knetarray';
import { typedArray } from '@knet/knetarray';

/** Memory of the CPU backend. */
export class CpuStorage {
  constructor(readonly data: TypedArray) {}
}

/** New memory. */
export function allocate(dtype: DType, length: number): CpuStorage {
  return new CpuStorage(typedArray(dtype, length));
}

/**
 * The typed array behind a storage.
 * @throws TypeError for a storage of another backend
 */
export function dataOf(storage: Storage): TypedArray {
  if (storage instanceof CpuStorage) return storage.data;
  throw new TypeError('cpu: this storage belongs to another backend');
}

/** The typed array behind a view. */
export function elements(view: View): TypedArray {
  return dataOf(view.storage);
}

/** The float32 array behind a view, or undefined when it holds something else. */
export function float32(view: View): Float32Array | undefined {
  const data = dataOf(view.storage);
  return data instanceof Float32Array ? data : undefined;
}
