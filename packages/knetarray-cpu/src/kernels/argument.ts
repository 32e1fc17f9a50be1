/** Positions of extremes along a dimension. */
import type { TypedArray } from '@knet/knetarray';
import { sizeOf } from '@knet/knetarray';

/** Writes the int32 position of the first largest or smallest element along the one reduced dimension. The first NaN wins, as in NumPy. */
export function argument(
  op: 'argmax' | 'argmin',
  x: TypedArray,
  offset: number,
  shape: readonly number[],
  kept: readonly number[],
  target: TypedArray,
  at: number,
): void {
  const dim = shape.findIndex((n, d) => kept[d] !== n);
  if (dim < 0) {
    // The reduced dimension has length 1.
    target.fill(0, at, at + sizeOf(kept));
    return;
  }
  const inner = sizeOf(shape.slice(0, dim));
  const length = shape[dim] ?? 1;
  const outer = sizeOf(shape.slice(dim + 1));
  const sign = op === 'argmax' ? 1 : -1;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const first = offset + i + o * inner * length;
      let best = Number.NaN;
      let position = -1;
      for (let l = 0; l < length; l++) {
        const v = sign * x[first + l * inner]!;
        if (position < 0 || v > best || (Number.isNaN(v) && !Number.isNaN(best))) {
          best = v;
          position = l;
        }
        if (Number.isNaN(best)) break;
      }
      target[at + i + o * inner] = position;
    }
  }
}
