// y = alpha * A * x + beta * y for contiguous x and y.

import { laneMask, multiplyAdd, storeLanes, sumLanes } from './vector';

// @ts-ignore: decorator
@inline
function finish(y: usize, v: v128, count: i32, alpha: f32, beta: f32): void {
  v = f32x4.mul(v, f32x4.splat(alpha));
  if (beta != 0) v = f32x4.add(v, f32x4.mul(f32x4.splat(beta), v128.load(y)));
  storeLanes(y, v, count);
}

/** Rows of A adjacent, columns `step` bytes apart. */
export function gemvColumns(m: i32, k: i32, alpha: f32, a: usize, step: usize, x: usize, beta: f32, y: usize): void {
  for (; m > 4; m -= 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let from = a, factor = x;
    for (let p = k; p > 0; p--) {
      const s = v128.load32_splat(factor);
      s0 = multiplyAdd(v128.load(from), s, s0);
      s1 = multiplyAdd(v128.load(from, 16), s, s1);
      s2 = multiplyAdd(v128.load(from, 32), s, s2);
      s3 = multiplyAdd(v128.load(from, 48), s, s3);
      from += step;
      factor += 4;
    }
    finish(y, s0, m, alpha, beta);
    finish(y + 16, s1, m - 4, alpha, beta);
    if (m > 8) finish(y + 32, s2, m - 8, alpha, beta);
    if (m > 12) finish(y + 48, s3, m - 12, alpha, beta);
    a += 64;
    y += 64;
  }
  if (m > 0) {
    let s0 = f32x4.splat(0), s1 = s0;
    for (; k > 1; k -= 2) {
      s0 = multiplyAdd(v128.load(a), v128.load32_splat(x), s0);
      s1 = multiplyAdd(v128.load(a + step), v128.load32_splat(x, 4), s1);
      a += 2 * step;
      x += 8;
    }
    if (k > 0) s0 = multiplyAdd(v128.load(a), v128.load32_splat(x), s0);
    finish(y, f32x4.add(s0, s1), m, alpha, beta);
  }
}

/** Columns of A adjacent, rows `step` bytes apart: one dot product per row, four rows at a time. */
export function gemvRows(m: i32, k: i32, alpha: f32, a: usize, step: usize, x: usize, beta: f32, y: usize): void {
  const mask = laneMask(k & 3);
  for (; m > 0; m -= 4) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let a0 = a;
    let a1 = m > 1 ? a0 + step : a0;
    let a2 = m > 2 ? a1 + step : a0;
    let a3 = m > 3 ? a2 + step : a0;
    let from = x;
    let p = k;
    for (; p >= 4; p -= 4) {
      const v = v128.load(from);
      s0 = multiplyAdd(v128.load(a0), v, s0);
      s1 = multiplyAdd(v128.load(a1), v, s1);
      s2 = multiplyAdd(v128.load(a2), v, s2);
      s3 = multiplyAdd(v128.load(a3), v, s3);
      a0 += 16;
      a1 += 16;
      a2 += 16;
      a3 += 16;
      from += 16;
    }
    if (p > 0) {
      const v = v128.and(v128.load(from), mask);
      s0 = multiplyAdd(v128.and(v128.load(a0), mask), v, s0);
      s1 = multiplyAdd(v128.and(v128.load(a1), mask), v, s1);
      s2 = multiplyAdd(v128.and(v128.load(a2), mask), v, s2);
      s3 = multiplyAdd(v128.and(v128.load(a3), mask), v, s3);
    }
    finish(y, sumLanes(s0, s1, s2, s3), m, alpha, beta);
    a += 4 * step;
    y += 16;
  }
}
