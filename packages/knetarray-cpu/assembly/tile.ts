// The register-blocked micro-kernels of gemm: 8 (or 4) rows by 4 columns, vectors along the rows.
// Eight accumulators, two vectors of A and one broadcast of B fit the 16 vector registers of x86.

import { multiplyAdd, storeLanes } from './vector';

// @ts-ignore: decorator
@inline
function storeColumn(c: usize, low: v128, high: v128, rows: i32, alpha: v128, beta: f32): void {
  low = f32x4.mul(low, alpha);
  high = f32x4.mul(high, alpha);
  if (beta != 0) {
    const scale = f32x4.splat(beta);
    low = f32x4.add(low, f32x4.mul(scale, v128.load(c)));
    high = f32x4.add(high, f32x4.mul(scale, v128.load(c, 16)));
  }
  if (rows >= 8) {
    v128.store(c, low);
    v128.store(c, high, 16);
  } else {
    v128.store(c, low);
    storeLanes(c + 16, high, rows - 4);
  }
}

// @ts-ignore: decorator
@inline
function storeShort(c: usize, v: v128, rows: i32, alpha: v128, beta: f32): void {
  v = f32x4.mul(v, alpha);
  if (beta != 0) v = f32x4.add(v, f32x4.mul(f32x4.splat(beta), v128.load(c)));
  storeLanes(c, v, rows);
}

/**
 * C[rows, columns] = alpha * A * B + beta * C for 5..8 rows and 1..4 columns.
 * Rows of A are adjacent, its columns `aStep` bytes apart. Element (p, j) of B is at b + p * bStep + j * bColumn (bytes).
 * Lanes behind the last row and columns behind the last one are computed from what lies there and dropped.
 */
export function tile8(
  rows: i32, columns: i32, k: i32, alpha: f32, a: usize, aStep: usize,
  b: usize, bStep: usize, bColumn: usize, beta: f32, c: usize, cColumn: usize,
): void {
  let l0 = f32x4.splat(0), h0 = l0, l1 = l0, h1 = l0, l2 = l0, h2 = l0, l3 = l0, h3 = l0;
  let x: v128, y: v128, s: v128;
  if (bColumn == 4) {
    for (; k > 0; k--) {
      x = v128.load(a);
      y = v128.load(a, 16);
      s = v128.load32_splat(b);
      l0 = multiplyAdd(x, s, l0);
      h0 = multiplyAdd(y, s, h0);
      s = v128.load32_splat(b, 4);
      l1 = multiplyAdd(x, s, l1);
      h1 = multiplyAdd(y, s, h1);
      s = v128.load32_splat(b, 8);
      l2 = multiplyAdd(x, s, l2);
      h2 = multiplyAdd(y, s, h2);
      s = v128.load32_splat(b, 12);
      l3 = multiplyAdd(x, s, l3);
      h3 = multiplyAdd(y, s, h3);
      a += aStep;
      b += bStep;
    }
  } else {
    let b1 = columns > 1 ? b + bColumn : b;
    let b2 = columns > 2 ? b1 + bColumn : b;
    let b3 = columns > 3 ? b2 + bColumn : b;
    for (; k > 0; k--) {
      x = v128.load(a);
      y = v128.load(a, 16);
      s = v128.load32_splat(b);
      l0 = multiplyAdd(x, s, l0);
      h0 = multiplyAdd(y, s, h0);
      s = v128.load32_splat(b1);
      l1 = multiplyAdd(x, s, l1);
      h1 = multiplyAdd(y, s, h1);
      s = v128.load32_splat(b2);
      l2 = multiplyAdd(x, s, l2);
      h2 = multiplyAdd(y, s, h2);
      s = v128.load32_splat(b3);
      l3 = multiplyAdd(x, s, l3);
      h3 = multiplyAdd(y, s, h3);
      a += aStep;
      b += bStep;
      b1 += bStep;
      b2 += bStep;
      b3 += bStep;
    }
  }
  const scale = f32x4.splat(alpha);
  storeColumn(c, l0, h0, rows, scale, beta);
  if (columns > 1) storeColumn(c + cColumn, l1, h1, rows, scale, beta);
  if (columns > 2) storeColumn(c + 2 * cColumn, l2, h2, rows, scale, beta);
  if (columns > 3) storeColumn(c + 3 * cColumn, l3, h3, rows, scale, beta);
}

/** As `tile8` for 1..4 rows. */
export function tile4(
  rows: i32, columns: i32, k: i32, alpha: f32, a: usize, aStep: usize,
  b: usize, bStep: usize, bColumn: usize, beta: f32, c: usize, cColumn: usize,
): void {
  let v0 = f32x4.splat(0), v1 = v0, v2 = v0, v3 = v0;
  let b1 = columns > 1 ? b + bColumn : b;
  let b2 = columns > 2 ? b1 + bColumn : b;
  let b3 = columns > 3 ? b2 + bColumn : b;
  for (; k > 0; k--) {
    const x = v128.load(a);
    v0 = multiplyAdd(x, v128.load32_splat(b), v0);
    v1 = multiplyAdd(x, v128.load32_splat(b1), v1);
    v2 = multiplyAdd(x, v128.load32_splat(b2), v2);
    v3 = multiplyAdd(x, v128.load32_splat(b3), v3);
    a += aStep;
    b += bStep;
    b1 += bStep;
    b2 += bStep;
    b3 += bStep;
  }
  const scale = f32x4.splat(alpha);
  storeShort(c, v0, rows, scale, beta);
  if (columns > 1) storeShort(c + cColumn, v1, rows, scale, beta);
  if (columns > 2) storeShort(c + 2 * cColumn, v2, rows, scale, beta);
  if (columns > 3) storeShort(c + 3 * cColumn, v3, rows, scale, beta);
}
