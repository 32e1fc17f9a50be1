/**
 * Convolutions as sums along axes. All three kernels pair positions of an input with positions of an output through the taps of a
 * filter; what differs is which of the arrays is written, and how positions belong together.
 */
import type { ConvolutionGeometry, ConvolutionKind } from '@knet/knetarray';

/** One spatial dimension: position j and tap k meet position `start + j * step + k * tapStep` of the array that is gathered from. */
export interface Axis {
  /** Positions. */
  readonly length: number;
  /** Length of the array that is gathered from. */
  readonly input: number;
  readonly taps: number;
  readonly start: number;
  readonly step: number;
  readonly tapStep: number;
  /** Elements between neighbours in the array that is gathered from, along the positions, and in the filter. */
  readonly inStride: number;
  readonly stride: number;
  readonly wStride: number;
  /** In the gradient of x with strides: what divides positions into phases that meet different taps; otherwise all 1. */
  readonly phases: number;
  /** Taps between two that one phase meets. */
  readonly phaseTaps: number;
  readonly dilation: number;
  readonly padding: number;
}

/** Elements from one channel, group or instance to the next. */
interface Strides {
  readonly channel: number;
  readonly group: number;
  readonly instance: number;
}

/** A convolution kernel, whichever: `in` is gathered from, `out` lies at the positions, `w` at the taps. */
export interface Sums {
  readonly axes: readonly Axis[];
  /** Channels of `in` and of `out` in one group. */
  readonly depth: number;
  readonly outputs: number;
  readonly groups: number;
  readonly batch: number;
  readonly in: Strides;
  readonly out: Strides;
  /** Elements of the filter between channels of `in`, of `out`, and groups. */
  readonly w: { readonly depth: number; readonly output: number; readonly group: number };
  /** Element of the filter at tap 0. */
  readonly wStart: number;
  /** Whether positions of `in` may lie outside of it. */
  readonly padded: boolean;
  /** Whether some axis has phases. */
  readonly phased: boolean;
}

/**
 * The sums of a kernel. In the gradient of x, `in` is dy and `out` is dx: the taps run backwards, so that positions of `in` ascend
 * with them. With strides only every so many positions of x meet a tap: positions divide into phases.
 */
export function sumsOf(kind: ConvolutionKind, g: ConvolutionGeometry): Sums {
  const back = kind === 'gradientX';
  const rank = g.x.length;
  const axes: Axis[] = [];
  const [depth, outputs] = [g.inputs / g.group, g.outputs / g.group];
  const phased = back && g.stride.some(stride => stride > 1);
  // Whether ascending taps meet ascending elements of the filter.
  const ascending = g.flip === (back && !phased);
  let [xPlane, yPlane, wPlane, wStart] = [1, 1, 1, 0];
  let padded = phased;
  for (let d = 0; d < rank; d++) {
    const [x, y, taps, padding, stride, dilation] = [g.x[d]!, g.y[d]!, g.w[d]!, g.padding[d]!, g.stride[d]!, g.dilation[d]!];
    const wStride = ascending ? wPlane : -wPlane;
    if (!ascending) wStart += (taps - 1) * wPlane;
    const shared = { taps, wStride, dilation, padding };
    const phaseTaps = phased ? stride / divisor(stride, dilation) : 1;
    const axis: Axis = back
      ? {
          ...shared,
          ...{ length: x, input: y, stride: xPlane, inStride: yPlane, step: 1, phases: stride, phaseTaps },
          start: phased ? 0 : padding - (taps - 1) * dilation,
          tapStep: phased ? -(phaseTaps * dilation) / stride : dilation,
        }
      : {
          ...shared,
          ...{ length: y, input: x, stride: yPlane, inStride: xPlane, step: stride, phases: 1, phaseTaps },
          ...{ start: -padding, tapStep: dilation },
        };
    padded ||= axis.start < 0 || axis.start + (axis.length - 1) * axis.step + (taps - 1) * dilation >= axis.input;
    axes.push(axis);
    xPlane *= x;
    yPlane *= y;
    wPlane *= taps;
  }
  const x = { channel: xPlane, group: depth * xPlane, instance: g.inputs * xPlane };
  const y = { channel: yPlane, group: outputs * yPlane, instance: g.outputs * yPlane };
  const shared = { axes, groups: g.group, batch: g.batch, wStart, padded, phased };
  const wGroup = wPlane * depth * outputs;
  if (back) {
    const w = { depth: wPlane * depth, output: wPlane, group: wGroup };
    return { ...shared, depth: outputs, outputs: depth, in: y, out: x, w };
  }
  return { ...shared, depth, outputs, in: x, out: y, w: { depth: wPlane, output: wPlane * depth, group: wGroup } };
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
