/** Matrix products in TypeScript, for every dtype and any strides: the oracle, and the path without WebAssembly. */
import type { TypedArray, View } from '@knet/knetarray';
import { elements } from './storage.js';

/** Calls `f` with the offsets of each matrix of a batch. */
export function forEachMatrix(a: View, b: View, c: View, f: (a: number, b: number, c: number) => void): void {
  const batch = c.shape.slice(2);
  const count = batch.reduce((n, m) => n * m, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    let p = a.offset;
    let q = b.offset;
    let r = c.offset;
    batch.forEach((n, d) => {
      const at = rest % n;
      rest = (rest - at) / n;
      p += at * a.strides[d + 2]!;
      q += at * b.strides[d + 2]!;
      r += at * c.strides[d + 2]!;
    });
    f(p, q, r);
  }
}

/** The matmul kernel: a column of the result at a time, in float64. */
export function matmul(a: View, b: View, c: View, alpha: number, beta: number): void {
  const [m, k] = [a.shape[0]!, a.shape[1]!];
  const n = b.shape[1]!;
  const x = elements(a);
  const y = elements(b);
  const z = elements(c);
  const whole = a.dtype === 'int32';
  const column = new Float64Array(m);
  forEachMatrix(a, b, c, (p, q, r) => {
    for (let j = 0; j < n; j++) {
      column.fill(0);
      for (let l = 0; l < k; l++) {
        const factor = y[q + l * b.strides[0]! + j * b.strides[1]!]!;
        addScaled(column, x, p + l * a.strides[1]!, a.strides[0]!, factor, m, whole);
      }
      const start = r + j * c.strides[1]!;
      const step = c.strides[0]!;
      for (let i = 0; i < m; i++) z[start + i * step] = alpha * column[i]! + (beta === 0 ? 0 : beta * z[start + i * step]!);
    }
  });
}

function addScaled(column: Float64Array, x: TypedArray, at: number, step: number, factor: number, m: number, whole: boolean): void {
  // Products of int32 wrap like machine integers; float64 would lose their low bits.
  if (whole) for (let i = 0; i < m; i++) column[i] = (column[i]! + Math.imul(x[at + i * step]!, factor)) | 0;
  else for (let i = 0; i < m; i++) column[i]! += x[at + i * step]! * factor;
}
