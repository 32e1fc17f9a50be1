import type { ConvolutionGeometry } from '@knet/knetarray';

export type { ConvolutionGeometry };

/** Ints at the start of `ConvolutionPlan.ints` that assembly/image.ts reads. */
const FIELDS = 13;

/** What the kernels of assembly/convolution.ts need to know about a geometry. Byte counts are per instance. */
export interface ConvolutionPlan {
  /** Image fields, positions, taps, then taps in the order of the x gradient and their indices in a filter. */
  readonly ints: Int32Array;
  readonly positionsAt: number;
  readonly tapsAt: number;
  readonly inputTapsAt: number;
  readonly inputOrderAt: number;
  /** Positions with 4 lanes, positions in all, and the same made even. */
  readonly full: number;
  readonly real: number;
  readonly even: number;
  /** Elements of one filter. */
  readonly taps: number;
  /** Whether x can serve as image: no padding and a stride of 1 in the first dimension. */
  readonly direct: boolean;
  readonly plane: number;
  readonly xElements: number;
  readonly yElements: number;
  readonly yPlane: number;
}

interface Axis {
  x: number;
  w: number;
  y: number;
  padding: number;
  stride: number;
  dilation: number;
}

const UNIT: Axis = { x: 1, w: 1, y: 1, padding: 0, stride: 1, dilation: 1 };

/** Three axes; leading axes that neither the filter nor the stride touches are dropped (size 1) or joined with the next one. */
function axesOf(g: ConvolutionGeometry): [Axis, Axis, Axis] {
  const plain = (a: Axis | undefined) => a !== undefined && a.w === 1 && a.padding === 0 && a.stride === 1 && a.x === a.y;
  const axes = g.x.map((x, d): Axis => {
    return { x, w: g.w[d]!, y: g.y[d]!, padding: g.padding[d]!, stride: g.stride[d]!, dilation: g.dilation[d]! };
  });
  while (axes.length > 1 && plain(axes[0]) && (axes[0]!.x === 1 || plain(axes[1]))) {
    const first = axes.shift()!;
    if (first.x > 1) axes[0] = { ...axes[0]!, x: first.x * axes[0]!.x, y: first.y * axes[0]!.y };
  }
  return [axes[0] ?? UNIT, axes[1] ?? UNIT, axes[2] ?? UNIT];
}

/** Lays a convolution out for the kernels. */
export function planConvolution(g: ConvolutionGeometry): ConvolutionPlan {
  const [a, b, c] = axesOf(g);
  const extent = (axis: Axis) => (axis.y - 1) * axis.stride + (axis.w - 1) * axis.dilation + 1;
  const direct = a.stride === 1 && a.padding === 0 && b.padding === 0 && c.padding === 0;
  const [e0, e1, e2] = direct ? [a.x, b.x, c.x] : [extent(a), extent(b), extent(c)];
  const length = Math.ceil(e0 / a.stride);
  const pitch = a.stride * length;
  let plane = pitch * e1 * e2;
  // Planes a multiple of a page apart would all compete for the same lines of the L1 cache.
  if (!direct && plane % 512 === 0) plane += 16;

  const channels = g.inputs / g.group;
  const taps = a.w * b.w * c.w * channels;
  const perRow = Math.ceil(a.y / 4);
  const rows = b.y * c.y;
  const real = perRow * rows;
  const even = real + (real & 1);
  const positionsAt = FIELDS;
  const tapsAt = positionsAt + 3 * even;
  const inputTapsAt = tapsAt + taps;
  const inputOrderAt = inputTapsAt + taps;
  const ints = new Int32Array(inputOrderAt + taps);
  ints.set([a.x, b.x, c.x, a.padding, b.padding, c.padding, e0, e1, e2, a.stride, length, 4 * pitch, 4 * plane]);

  // Positions: full vectors first.
  const fullPerRow = a.y >> 2;
  let full = positionsAt;
  let partial = positionsAt + 3 * fullPerRow * rows;
  for (let row = 0; row < rows; row++) {
    const image = 4 * pitch * ((row % b.y) * b.stride + e1 * Math.floor(row / b.y) * c.stride);
    for (let v = 0; v < perRow; v++) {
      const at = v < fullPerRow ? full : partial;
      ints[at] = image + 16 * v;
      ints[at + 1] = 4 * row * a.y + 16 * v;
      ints[at + 2] = Math.min(4, a.y - 4 * v);
      if (v < fullPerRow) full += 3;
      else partial += 3;
    }
  }
  if (even > real) {
    const last = positionsAt + 3 * real;
    ints[last] = ints[last - 3]!;
    ints[last + 1] = ints[last - 2]!;
  }

  // Taps: offsets that filter elements add. In the x gradient neighbours in the list must not overlap in the image, because a load
  // that overlaps a store just made stalls: channels run fastest there, the first dimension slowest.
  const reach = (axis: Axis, i: number) => (g.flip ? axis.w - 1 - i : i) * axis.dilation;
  for (let i2 = 0; i2 < c.w; i2++) {
    for (let i1 = 0; i1 < b.w; i1++) {
      for (let i0 = 0; i0 < a.w; i0++) {
        const d0 = reach(a, i0);
        const first = (d0 % a.stride) * length + Math.floor(d0 / a.stride);
        const offset = first + pitch * (reach(b, i1) + e1 * reach(c, i2));
        for (let channel = 0; channel < channels; channel++) {
          const tap = i0 + a.w * (i1 + b.w * (i2 + c.w * channel));
          const order = channel + channels * (i2 + c.w * (i1 + b.w * i0));
          ints[tapsAt + tap] = 4 * (offset + plane * channel);
          ints[inputTapsAt + order] = 4 * (offset + plane * channel);
          ints[inputOrderAt + order] = tap;
        }
      }
    }
  }
  return {
    ints,
    positionsAt: 4 * positionsAt,
    tapsAt: 4 * tapsAt,
    inputTapsAt: 4 * inputTapsAt,
    inputOrderAt: 4 * inputOrderAt,
    full: fullPerRow * rows,
    real,
    even,
    taps,
    direct,
    plane: 4 * plane,
    xElements: a.x * b.x * c.x * g.inputs,
    yElements: a.y * rows * g.outputs,
    yPlane: 4 * a.y * rows,
  };
}
