/** Normalised exponentials. */
import type { SoftmaxGeometry, SoftmaxKind, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** See `Backend.softmax`. */
export function softmax(
  native: NativeKernels,
  command: Command,
  kind: SoftmaxKind,
  geometry: SoftmaxGeometry,
  x: View,
  output: View,
): void {
  begin(command, kind, geometry, x).address(x).address(output).end();
  native.softmax();
}

/** See `Backend.softmaxGradient`. */
export function softmaxGradient(
  native: NativeKernels,
  command: Command,
  kind: SoftmaxKind,
  geometry: SoftmaxGeometry,
  y: View,
  dy: View,
  output: View,
): void {
  begin(command, kind, geometry, y).address(y).address(dy).address(output).end();
  native.softmaxGradient();
}

function begin(command: Command, kind: SoftmaxKind, { inner, length, outer }: SoftmaxGeometry, { dtype }: View): Command {
  return command
    .begin()
    .put(codeOf(dtype))
    .put(kind === 'logp' ? 1 : 0)
    .put(inner)
    .put(length)
    .put(outer);
}
