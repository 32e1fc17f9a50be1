/** Convolution and its gradients. */
import type { ConvolutionGeometry, ConvolutionKind, View } from '@knet/knetarray';
import { type Command, codeOf } from '@knet-private/native-commands';
import type { Native } from './native.js';

/** Numbers that stand for the kernels, as in native/convolution.h. */
const kinds: Readonly<Record<ConvolutionKind, number>> = { forward: 0, gradientX: 1, gradientW: 2 };

/** Convolution or one of its gradients over contiguous views; see `Backend.convolution`. */
export function convolution(
  native: Pick<Native, 'convolution'>,
  command: Command,
  kind: ConvolutionKind,
  g: ConvolutionGeometry,
  a: View,
  b: View,
  output: View,
): void {
  command.begin().put(kinds[kind]).put(codeOf(output.dtype));
  threeDimensions(command, g.x, 1);
  threeDimensions(command, g.w, 1);
  threeDimensions(command, g.y, 1);
  threeDimensions(command, g.padding, 0);
  threeDimensions(command, g.stride, 1);
  threeDimensions(command, g.dilation, 1);
  command.put(g.group).put(g.inputs).put(g.outputs).put(g.batch).put(Number(g.flip)).put(g.alpha);
  command.address(a).address(b).address(output);
  native.convolution();
}

/** Writes one number for each of three spatial dimensions; those that are not there come last. */
function threeDimensions(command: Command, xs: readonly number[], missing: number): void {
  for (let d = 0; d < 3; d++) command.put(xs[d] ?? missing);
}
