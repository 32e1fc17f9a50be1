/** Convolution and its gradients in TypeScript, by direct loops: the oracle, and the path without WebAssembly. */
import type { ConvolutionGeometry, ConvolutionKind, TypedArray, View } from '@knet/knetarray';
import { elements } from './storage.js';

/** The convolution kernel for every dtype. Views are contiguous. */
export function convolution(kind: ConvolutionKind, g: ConvolutionGeometry, a: View, b: View, output: View): void {
  const [first, second, result] = [elements(a), elements(b), elements(output)];
  const out = new Float64Array(output.shape.reduce((n, m) => n * m, 1));
  const operands: Operands =
    kind === 'forward'
      ? { w: first, x: second, y: out, wAt: a.offset, xAt: b.offset, yAt: 0 }
      : kind === 'gradientX'
        ? { w: first, x: out, y: second, wAt: a.offset, xAt: 0, yAt: b.offset }
        : { w: out, x: first, y: second, wAt: 0, xAt: a.offset, yAt: b.offset };
  const taps = tapsOf(g);
  const xPlane = product(g.x);
  const yPlane = product(g.y);
  const wPlane = product(g.w);
  const [perIn, perOut] = [g.inputs / g.group, g.outputs / g.group];
  for (let n = 0; n < g.batch; n++) {
    for (let o = 0; o < g.outputs; o++) {
      const firstInput = Math.floor(o / perOut) * perIn;
      for (let i = 0; i < perIn; i++) {
        const w = operands.wAt + (o * perIn + i) * wPlane;
        const x = operands.xAt + (n * g.inputs + firstInput + i) * xPlane;
        const y = operands.yAt + (n * g.outputs + o) * yPlane;
        for (const tap of taps) accumulate(kind, operands, w + tap.w, x, y, tap);
      }
    }
  }
  for (let i = 0; i < out.length; i++) result[output.offset + i] = g.alpha * out[i]!;
}

interface Operands {
  readonly w: TypedArray;
  readonly x: TypedArray;
  readonly y: TypedArray;
  readonly wAt: number;
  readonly xAt: number;
  readonly yAt: number;
}

/** One filter position: the pairs of x and y elements that meet through it. */
interface Tap {
  readonly w: number;
  readonly pairs: Int32Array;
}

function accumulate(kind: ConvolutionKind, { w, x, y }: Operands, wi: number, xAt: number, yAt: number, { pairs }: Tap): void {
  if (kind === 'forward') for (let p = 0; p < pairs.length; p += 2) y[yAt + pairs[p + 1]!]! += w[wi]! * x[xAt + pairs[p]!]!;
  else if (kind === 'gradientX') for (let p = 0; p < pairs.length; p += 2) x[xAt + pairs[p]!]! += w[wi]! * y[yAt + pairs[p + 1]!]!;
  else {
    let s = 0;
    for (let p = 0; p < pairs.length; p += 2) s += x[xAt + pairs[p]!]! * y[yAt + pairs[p + 1]!]!;
    w[wi]! += s;
  }
}

function tapsOf(g: ConvolutionGeometry): Tap[] {
  const rank = g.x.length;
  const taps: Tap[] = [];
  const yCount = product(g.y);
  for (let w = 0; w < product(g.w); w++) {
    const at = unravel(w, g.w);
    const pairs: number[] = [];
    for (let y = 0; y < yCount; y++) {
      const position = unravel(y, g.y);
      let x = 0;
      let step = 1;
      let inside = true;
      for (let d = 0; d < rank; d++) {
        const k = g.flip ? g.w[d]! - 1 - at[d]! : at[d]!;
        const xd = position[d]! * g.stride[d]! - g.padding[d]! + k * g.dilation[d]!;
        inside &&= xd >= 0 && xd < g.x[d]!;
        x += xd * step;
        step *= g.x[d]!;
      }
      if (inside) pairs.push(x, y);
    }
    taps.push({ w, pairs: Int32Array.from(pairs) });
  }
  return taps;
}

/** Position along each dimension of a column-major index. */
export function unravel(index: number, shape: readonly number[]): number[] {
  let rest = index;
  return shape.map(n => {
    const at = rest % n;
    rest = (rest - at) / n;
    return at;
  });
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((n, m) => n * m, 1);
}
