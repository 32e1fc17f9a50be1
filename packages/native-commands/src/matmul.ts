/** Matrix products. */
import type { View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** output = alpha a b + beta output, batched; see `Backend.matmul`. */
export function matmul(native: NativeKernels, command: Command, a: View, b: View, output: View, alpha: number, beta: number): void {
  command.begin().put(codeOf(output.dtype)).put(output.shape[0]!).put(output.shape[1]!).put(a.shape[1]!).put(alpha).put(beta);
  for (const view of [a, b, output]) command.address(view).put(view.strides[0]!).put(view.strides[1]!);
  // The batch dimensions: their lengths, then the strides of each operand.
  const rank = output.shape.length - 2;
  command.put(rank);
  for (let d = 0; d < rank; d++) {
    command
      .put(output.shape[d + 2]!)
      .put(a.strides[d + 2]!)
      .put(b.strides[d + 2]!)
      .put(output.strides[d + 2]!);
  }
  command.end();
  native.matmul();
}
