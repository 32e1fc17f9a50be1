/** Gathering and scattering slices along a dimension, and cumulative sums. */
import type { View } from '@knet/knetarray';
import type { Command } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** See `Backend.gather`. @throws RangeError for a position past the end */
export function gather(native: NativeKernels, command: Command, source: View, indices: View, output: View, dim: number): void {
  positions(command, indices, dim).view(source).view(output);
  native.gather();
}

/** See `Backend.scatterAdd`. @throws RangeError for a position past the end */
export function scatterAdd(native: NativeKernels, command: Command, source: View, indices: View, output: View, dim: number): void {
  positions(command, indices, dim).view(source).view(output);
  native.scatterAdd();
}

/** See `Backend.cumsum`. */
export function cumsum(native: NativeKernels, command: Command, x: View, output: View, dim: number): void {
  command.begin().put(dim).view(x).view(output).end();
  native.cumsum();
}

function positions(command: Command, indices: View, dim: number): Command {
  return command.begin().put(dim).address(indices).put(indices.strides[0]!).put(indices.shape[0]!);
}
