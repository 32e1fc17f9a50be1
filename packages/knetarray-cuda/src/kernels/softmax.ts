/** Normalised exponentials. */
import type { SoftmaxGeometry, SoftmaxKind, View } from '@knet/knetarray';
import { addressOf, type Command, codeOf } from '../command.js';
import type { Native } from '../native.js';

/** See `Backend.softmax`. */
export function softmax(native: Native, command: Command, kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void {
  begin(command, kind, geometry, x).put(addressOf(x)).put(addressOf(output));
  native.softmax();
}

/** See `Backend.softmaxGradient`. */
export function softmaxGradient(
  native: Native,
  command: Command,
  kind: SoftmaxKind,
  geometry: SoftmaxGeometry,
  y: View,
  dy: View,
  output: View,
): void {
  begin(command, kind, geometry, y).put(addressOf(y)).put(addressOf(dy)).put(addressOf(output));
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
