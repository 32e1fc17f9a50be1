/** Convolution composed of required kernels: patches of x are gathered into columns, and a batched matrix product does the rest. */
import {
  bmm,
  type ConvolutionGeometry,
  type ConvolutionKind,
  type Device,
  expand,
  gather,
  type KnetArray,
  mul,
  permute,
  reshape,
  scatterAdd,
} from '@knet/knetarray';
import { product, table, unravel } from './spatial.js';

/**
 * The convolution of a kind, for backends without a kernel of their own. Everything stays on the device.
 *
 * Columns are `[Y, W * I / group, group, N]`: for every output position the elements of x that the filter meets there.
 */
export function composedConvolution(kind: ConvolutionKind, a: KnetArray, b: KnetArray, g: ConvolutionGeometry): KnetArray {
  const { group, batch } = g;
  const [positions, taps] = [product(g.y), product(g.w)];
  const depth = taps * (g.inputs / group);
  const outputs = g.outputs / group;
  const patches = patchTable(a.device, g);
  const columnsOf = (x: KnetArray): KnetArray =>
    reshape(gather(reshape(x, [product(g.x), g.inputs, batch]), patches, 0), [positions, depth, group, batch]);
  const filterOf = (w: KnetArray): KnetArray => reshape(w, [depth, outputs, group, 1]);
  const resultOf = (y: KnetArray): KnetArray => reshape(y, [positions, outputs, group, batch]);
  if (kind === 'forward') {
    const y = bmm(columnsOf(b), expand(filterOf(a), [depth, outputs, group, batch]));
    return scaled(reshape(y, [...g.y, g.outputs, batch]), g.alpha);
  }
  if (kind === 'gradientX') {
    const transposed = permute(filterOf(a), [1, 0, 2, 3]);
    const columns = bmm(resultOf(b), expand(transposed, [outputs, depth, group, batch]));
    const x = scatterAdd(reshape(columns, [positions * taps, g.inputs, batch]), patches, 0, product(g.x));
    return scaled(reshape(x, [...g.x, g.inputs, batch]), g.alpha);
  }
  // One product over all positions of all instances, instead of one per instance and a sum.
  const columns = reshape(permute(columnsOf(a), [1, 0, 3, 2]), [depth, positions * batch, group]);
  const dy = reshape(permute(resultOf(b), [0, 3, 1, 2]), [positions * batch, outputs, group]);
  return scaled(reshape(bmm(columns, dy), [...g.w, g.inputs / group, g.outputs]), g.alpha);
}

function scaled(x: KnetArray, alpha: number): KnetArray {
  return alpha === 1 ? x : mul(x, alpha);
}

/** For every filter element and output position (positions fastest) the spatial position in x, or -1 in the padding. */
function patchTable(device: Device, g: ConvolutionGeometry): KnetArray {
  const key = `patches ${[g.x, g.w, g.y, g.padding, g.stride, g.dilation].join(' ')} ${g.flip}`;
  return table(device, key, () => {
    const [positions, taps] = [product(g.y), product(g.w)];
    const result = new Int32Array(positions * taps);
    for (let tap = 0; tap < taps; tap++) {
      const at = unravel(tap, g.w).map((k, d) => (g.flip ? g.w[d]! - 1 - k : k) * g.dilation[d]! - g.padding[d]!);
      for (let y = 0; y < positions; y++) result[tap * positions + y] = positionIn(g, at, unravel(y, g.y));
    }
    return result;
  });
}

function positionIn(g: ConvolutionGeometry, tap: readonly number[], y: readonly number[]): number {
  let position = 0;
  let step = 1;
  for (let d = 0; d < y.length; d++) {
    const x = y[d]! * g.stride[d]! + tap[d]!;
    if (x < 0 || x >= g.x[d]!) return -1;
    position += x * step;
    step *= g.x[d]!;
  }
  return position;
}
