/** Convolution and its gradients. */
import type { ConvolutionGeometry, ConvolutionKind, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';

/** Numbers that stand for the kernels, as in native/convolution.h. */
const kinds: Readonly<Record<ConvolutionKind, number>> = { forward: 0, gradientX: 1, gradientW: 2 };

/** For 1, 2 and 3 spatial dimensions: which of them each of the three dimensions of a command is, -1 for one that is not there. */
export type SpatialOrder = readonly [readonly number[], readonly number[], readonly number[]];

/** Dimensions that are not there come last. */
export const missingLast: SpatialOrder = [
  [0, -1, -1],
  [0, 1, -1],
  [0, 1, 2],
];

/** The last dimension stays the last one, for kernels that treat it specially. */
export const lastStaysLast: SpatialOrder = [
  [-1, -1, 0],
  [0, -1, 1],
  [0, 1, 2],
];

/** Convolution or one of its gradients over contiguous views; see `Backend.convolution`. */
export function convolution(
  native: Pick<NativeKernels, 'convolution'>,
  command: Command,
  orders: SpatialOrder,
  kind: ConvolutionKind,
  g: ConvolutionGeometry,
  a: View,
  b: View,
  output: View,
): void {
  const order = orders[g.x.length - 1]!;
  command.begin().put(kinds[kind]).put(codeOf(output.dtype));
  putOrdered(command, order, g.x, 1);
  putOrdered(command, order, g.w, 1);
  putOrdered(command, order, g.y, 1);
  putOrdered(command, order, g.padding, 0);
  putOrdered(command, order, g.stride, 1);
  putOrdered(command, order, g.dilation, 1);
  command.put(g.group).put(g.inputs).put(g.outputs).put(g.batch).put(Number(g.flip)).put(g.alpha);
  command.address(a).address(b).address(output).end();
  native.convolution();
}

function putOrdered(command: Command, order: readonly number[], xs: readonly number[], missing: number): void {
  for (let k = 0; k < order.length; k++) command.put(xs[order[k]!] ?? missing);
}
