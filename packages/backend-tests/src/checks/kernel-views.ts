/** Operands of a kernel that a check calls directly. */
import type { DType, KnetArray, View } from '@knet/knetarray';
import { deviceView, type HostArray, host, upload } from '../host.js';

/**
 * Uploads arrays, which begin in the middle of a storage, and runs a kernel on views of them and of the arrays for its results.
 * All are made before the first view is: nothing else keeps them.
 */
export function withViews(
  inputs: readonly HostArray[],
  results: readonly KnetArray[],
  run: (inputs: View[], outputs: View[]) => void,
): void {
  const arrays = inputs.map(x => upload(x, 'offset'));
  run(arrays.map(deviceView), results.map(deviceView));
}

/** An array for a result, which holds something else before. */
export function output(dtype: DType, shape: readonly number[]): KnetArray {
  return upload(
    host(dtype, shape, () => 77),
    'offset',
  );
}
