import type { PoolingGeometry as PoolGeometry } from '@knet/knetarray';
import type { ElementwiseExports } from './module.js';
import { align, BASE, type Scratch } from './scratch.js';

export type { PoolGeometry };

// Planes are done in chunks of about this many bytes, which stay in the L2 cache between copy, maximum and copy.
const CHUNK_BYTES = 256 * 1024;

/** Maxima of windows, and the place in x (counted from `xOffset`) of the first maximum of each. */
export function maxPool(
  scratch: Scratch<ElementwiseExports>,
  g: PoolGeometry,
  x: Float32Array,
  xOffset: number,
  y: Float32Array,
  yOffset: number,
  index: Int32Array,
  indexOffset: number,
): void {
  g.window.forEach((size, d) => {
    if (g.padding[d]! >= size) {
      throw new Error(`maxPool: padding ${g.padding} reaches the window ${g.window}, so that windows lie outside x. Use less padding.`);
    }
  });
  const two = (list: readonly number[]) => list.every(v => v === 2);
  if (g.x.length === 2 && two(g.window) && two(g.stride) && g.padding.every(p => p === 0)) {
    halve(scratch, g, x, xOffset, y, yOffset, index, indexOffset);
  } else {
    general(g, x, xOffset, y, yOffset, index, indexOffset);
  }
}

/** Windows of 2 x 2, stride 2, no padding, in WebAssembly. */
function halve(
  scratch: Scratch<ElementwiseExports>,
  g: PoolGeometry,
  x: Float32Array,
  xOffset: number,
  y: Float32Array,
  yOffset: number,
  index: Int32Array,
  indexOffset: number,
): void {
  const [width, height] = [g.x[0]!, g.x[1]!];
  const plane = width * height;
  const out = (width >> 1) * (height >> 1);
  const chunk = Math.max(1, Math.min(g.planes, Math.floor(CHUNK_BYTES / (4 * plane + 8 * out))));
  const yAt = align(BASE + 4 * plane * chunk + 64);
  const indexAt = align(yAt + 4 * out * chunk);
  scratch.reserve(indexAt + 4 * out * chunk);
  for (let start = 0; start < g.planes; start += chunk) {
    const planes = Math.min(chunk, g.planes - start);
    scratch.copyIn(BASE, x, xOffset + start * plane, planes * plane);
    scratch.exports.maxPool2(planes, width, height, BASE, yAt, indexAt, start * plane);
    scratch.copyOut(yAt, y, yOffset + start * out, planes * out);
    index.set(scratch.i32.subarray(indexAt >> 2, (indexAt >> 2) + planes * out), indexOffset + start * out);
  }
}

/** Any windows, straight from x. */
function general(
  g: PoolGeometry,
  x: Float32Array,
  xOffset: number,
  y: Float32Array,
  yOffset: number,
  index: Int32Array,
  indexOffset: number,
): void {
  const [x0, x1 = 1, x2 = 1] = g.x as [number, number?, number?];
  const [i0, i1] = bounds(g, 0);
  const [j0, j1] = bounds(g, 1);
  const [k0, k1] = bounds(g, 2);
  let at = 0;
  for (let plane = 0; plane < g.planes; plane++) {
    const base = xOffset + plane * x0 * x1 * x2;
    for (let k = 0; k < k0.length; k++) {
      for (let j = 0; j < j0.length; j++) {
        for (let i = 0; i < i0.length; i++, at++) {
          const start = i0[i]!;
          const end = i1[i]!;
          let place = base + start + x0 * (j0[j]! + x1 * k0[k]!);
          let best = x[place]!;
          for (let c = k0[k]!; c < k1[k]!; c++) {
            for (let b = j0[j]!; b < j1[j]!; b++) {
              const row = base + x0 * (b + x1 * c);
              for (let a = row + start; a < row + end; a++) {
                const value = x[a]!;
                // Larger, or the first NaN.
                if (!(value <= best) && !Number.isNaN(best)) {
                  best = value;
                  place = a;
                }
              }
            }
          }
          y[yOffset + at] = best;
          index[indexOffset + at] = place - xOffset;
        }
      }
    }
  }
}

/** First element and end of every window in one dimension, within x. */
function bounds(g: PoolGeometry, d: number): [Int32Array, Int32Array] {
  const { [d]: size = 1 } = g.x;
  const { [d]: window = 1 } = g.window;
  const { [d]: stride = 1 } = g.stride;
  const { [d]: padding = 0 } = g.padding;
  const from = Int32Array.from({ length: g.y[d] ?? 1 }, (_, i) => Math.max(0, i * stride - padding));
  const to = from.map((_, i) => Math.min(size, i * stride - padding + window));
  return [from, to];
}

/** dx = 0, then dx[index[j]] += dy[j]; places are counted from `dxOffset`. */
export function maxPoolGradient(
  g: PoolGeometry,
  dy: Float32Array,
  dyOffset: number,
  index: Int32Array,
  indexOffset: number,
  dx: Float32Array,
  dxOffset: number,
): void {
  const count = (list: readonly number[]) => list.reduce((a, b) => a * b, g.planes);
  dx.fill(0, dxOffset, dxOffset + count(g.x));
  const n = count(g.y);
  for (let j = 0; j < n; j++) dx[dxOffset + index[indexOffset + j]!]! += dy[dyOffset + j]!;
}
