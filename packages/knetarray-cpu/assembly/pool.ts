// Maximum over windows of 2 x 2 with stride 2, the common case of pooling.

import { storeLanes } from './vector';

// A later element replaces an earlier one when it is larger or the first NaN.
// @ts-ignore: decorator
@inline
function better(x: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(x, best));
}

/**
 * For `planes` planes of `width` x `height`: y gets the maxima, `index` the place of the first maximum of each window, counted from
 * element `first` of x on.
 */
export function maxPool2(planes: i32, width: i32, height: i32, x: usize, y: usize, index: usize, first: i32): void {
  const columns = width >> 1, rows = height >> 1;
  for (; planes > 0; planes--) {
    for (let row: i32 = 0; row < rows; row++) {
      let upper = x + 8 * row * width;
      let place = i32x4.add(i32x4.splat(first + 2 * row * width), i32x4(0, 2, 4, 6));
      for (let left = columns; left > 0; left -= 4) {
        const lower = upper + 4 * width;
        const a = v128.load(upper), b = v128.load(upper, 16), c = v128.load(lower), d = v128.load(lower, 16);
        let best = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
        let at = place;
        let next = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
        let take = better(next, best);
        best = v128.bitselect(next, best, take);
        at = v128.bitselect(i32x4.add(place, i32x4.splat(1)), at, take);
        next = v128.shuffle<f32>(c, d, 0, 2, 4, 6);
        take = better(next, best);
        best = v128.bitselect(next, best, take);
        at = v128.bitselect(i32x4.add(place, i32x4.splat(width)), at, take);
        next = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
        take = better(next, best);
        best = v128.bitselect(next, best, take);
        at = v128.bitselect(i32x4.add(place, i32x4.splat(width + 1)), at, take);
        storeLanes(y, best, left);
        storeLanes(index, at, left);
        const count = 4 * min(left, 4);
        y += count;
        index += count;
        upper += 32;
        place = i32x4.add(place, i32x4.splat(8));
      }
    }
    x += 4 * width * height;
    first += width * height;
  }
}
