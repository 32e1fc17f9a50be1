/** Views of the contract as this backend sees them. */
import type { Storage, View } from '@knet/knetarray';
import { GpuStorage } from './storage.js';

/** @throws TypeError for a storage of another backend */
export function storageOf(storage: Storage): GpuStorage {
  if (storage instanceof GpuStorage) return storage;
  throw new TypeError('webgpu: this storage belongs to another backend');
}

/** The storages of views. */
export function storagesOf(views: readonly View[]): GpuStorage[] {
  const storages: GpuStorage[] = new Array(views.length);
  for (let k = 0; k < views.length; k++) storages[k] = storageOf(views[k]!.storage);
  return storages;
}

/** Where views begin in their storages, in elements. */
export function offsetsOf(views: readonly View[]): number[] {
  const offsets: number[] = new Array(views.length);
  for (let k = 0; k < views.length; k++) offsets[k] = views[k]!.offset;
  return offsets;
}
