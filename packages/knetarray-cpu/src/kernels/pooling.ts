/** Max pooling in TypeScript. */
import type { PoolingGeometry, TypedArray, View } from '@knet/knetarray';
import { unravel } from './convolution.js';
import { elements } from './storage.js';

/** The maxPooling kernel for every dtype: the largest real element of each window, and where it is in x. */
export function maxPooling(g: PoolingGeometry, x: View, y: View, where: TypedArray, whereOffset: number): void {
  const [source, target] = [elements(x), elements(y)];
  const xPlane = g.x.reduce((n, m) => n * m, 1);
  const yPlane = g.y.reduce((n, m) => n * m, 1);
  const windows = windowsOf(g, yPlane);
  for (let plane = 0; plane < g.planes; plane++) {
    const from = x.offset + plane * xPlane;
    for (let i = 0; i < yPlane; i++) {
      const window = windows[i]!;
      let best = -1;
      let value = Number.NaN;
      for (let k = 0; k < window.length; k++) {
        const v = source[from + window[k]!]!;
        // The first element wins a tie; NaN wins over everything.
        if (best < 0 || v > value || (Number.isNaN(v) && !Number.isNaN(value))) {
          best = window[k]!;
          value = v;
        }
      }
      // A window that lies in the padding alone has no real element.
      target[y.offset + plane * yPlane + i] = best < 0 ? Number.NEGATIVE_INFINITY : value;
      where[whereOffset + plane * yPlane + i] = best < 0 ? -1 : plane * xPlane + best;
    }
  }
}

function windowsOf(g: PoolingGeometry, yPlane: number): Int32Array[] {
  return Array.from({ length: yPlane }, (_, i) => {
    const start = unravel(i, g.y).map((p, d) => p * g.stride[d]! - g.padding[d]!);
    const low = start.map(s => Math.max(s, 0));
    const count = start.map((s, d) => Math.max(0, Math.min(s + g.window[d]!, g.x[d]!) - low[d]!));
    const total = count.reduce((n, m) => n * m, 1);
    return Int32Array.from({ length: total }, (_, k) => {
      let at = 0;
      let step = 1;
      unravel(k, count).forEach((p, d) => {
        at += (low[d]! + p) * step;
        step *= g.x[d]!;
      });
      return at;
    });
  });
}
