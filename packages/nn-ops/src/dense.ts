/** Kernels that take contiguous views. */
import { contiguous, type DeviceArray } from '@knet/knetarray';

/** Calls `run` with the same arrays, contiguous; copies that this takes are freed afterwards. */
export function withContiguous(arrays: readonly DeviceArray[], run: (dense: readonly DeviceArray[]) => void): void {
  const dense = arrays.map(contiguous);
  run(dense);
  for (let i = 0; i < dense.length; i++) if (dense[i] !== arrays[i]) dense[i]!.free();
}
