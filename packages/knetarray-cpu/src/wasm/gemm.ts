import type { ProductExports } from './module.js';
import { align, BASE, LIMIT, type Scratch } from './scratch.js';

// Products of at most this many multiplications cost less in JavaScript than the copies into scratch.
const TINY = 256;
// Packed blocks of gemm (assembly/gemm.ts): 128 rows by 256 inner elements.
const BLOCK_BYTES = 128 * 256 * 4;
const INNER = 256;
// Operands of more elements than this are packed even where they could be read in place.
const PACK = 32768;

/**
 * C = alpha * A * B + beta * C on float32 arrays, where A is m x k, B is k x n and C is m x n.
 *
 * Strides are in elements, at least 0; C has `cRow` or `cColumn` equal to 1 unless m or n is 1. With `beta` 0, C is not read.
 */
export function gemm(
  scratch: Scratch<ProductExports>,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Float32Array,
  aOffset: number,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  bOffset: number,
  bRow: number,
  bColumn: number,
  beta: number,
  c: Float32Array,
  cOffset: number,
  cRow: number,
  cColumn: number,
): void {
  if (m === 0 || n === 0) return;
  if (m * n * k <= TINY) {
    tiny(m, n, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cRow, cColumn);
  } else if (n === 1) {
    gemv(scratch, m, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, beta, c, cOffset, cRow);
  } else if (m === 1) {
    gemv(scratch, n, k, alpha, b, bOffset, bColumn, bRow, a, aOffset, aColumn, beta, c, cOffset, cColumn);
  } else if (cRow === 1) {
    columnMajor(scratch, m, n, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cColumn);
  } else if (cColumn === 1) {
    columnMajor(scratch, n, m, k, alpha, b, bOffset, bColumn, bRow, a, aOffset, aColumn, aRow, beta, c, cOffset, cRow);
  } else {
    throw new Error(`gemm: c has strides ${cRow} and ${cColumn}; one of them has to be 1. Write into a dense array and copy.`);
  }
}

function tiny(
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Float32Array,
  aOffset: number,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  bOffset: number,
  bRow: number,
  bColumn: number,
  beta: number,
  c: Float32Array,
  cOffset: number,
  cRow: number,
  cColumn: number,
): void {
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      let sum = 0;
      let ia = aOffset + i * aRow;
      let ib = bOffset + j * bColumn;
      for (let p = 0; p < k; p++, ia += aColumn, ib += bRow) sum += a[ia]! * b[ib]!;
      const ic = cOffset + i * cRow + j * cColumn;
      c[ic] = beta === 0 ? alpha * sum : alpha * sum + beta * c[ic]!;
    }
  }
}

/** y = alpha * A * x + beta * y, A of m x k. */
function gemv(
  scratch: Scratch<ProductExports>,
  m: number,
  k: number,
  alpha: number,
  a: Float32Array,
  aOffset: number,
  aRow: number,
  aColumn: number,
  x: Float32Array,
  xOffset: number,
  xStep: number,
  beta: number,
  y: Float32Array,
  yOffset: number,
  yStep: number,
): void {
  if (4 * m * k > LIMIT && (m > 1 || k > 1)) {
    const half = Math.ceil(Math.max(m, k) / 2);
    if (m >= k) {
      gemv(scratch, half, k, alpha, a, aOffset, aRow, aColumn, x, xOffset, xStep, beta, y, yOffset, yStep);
      const a2 = aOffset + half * aRow;
      gemv(scratch, m - half, k, alpha, a, a2, aRow, aColumn, x, xOffset, xStep, beta, y, yOffset + half * yStep, yStep);
    } else {
      gemv(scratch, m, half, alpha, a, aOffset, aRow, aColumn, x, xOffset, xStep, beta, y, yOffset, yStep);
      const a2 = aOffset + half * aColumn;
      gemv(scratch, m, k - half, alpha, a, a2, aRow, aColumn, x, xOffset + half * xStep, xStep, 1, y, yOffset, yStep);
    }
    return;
  }
  const xAt = BASE;
  const yAt = align(xAt + 4 * k);
  const aAt = align(yAt + 4 * m + 64);
  scratch.reserve(aAt + 4 * m * k);
  scratch.place(xAt, x, xOffset, 1, k, 1, xStep);
  if (beta !== 0) scratch.place(yAt, y, yOffset, 1, m, 1, yStep);
  scratch.place(aAt, a, aOffset, m, k, aRow, aColumn);
  const { exports } = scratch;
  if (scratch.row === 4) exports.gemvColumns(m, k, alpha, aAt, scratch.column, xAt, beta, yAt);
  else exports.gemvRows(m, k, alpha, aAt, scratch.row, xAt, beta, yAt);
  if (yStep === 1) {
    scratch.copyOut(yAt, y, yOffset, m);
  } else {
    for (let i = 0, at = yAt >> 2; i < m; i++) y[yOffset + i * yStep] = scratch.f32[at + i]!;
  }
}

/** Product into C with adjacent rows; pieces of at most `LIMIT` bytes. */
function columnMajor(
  scratch: Scratch<ProductExports>,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Float32Array,
  aOffset: number,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  bOffset: number,
  bRow: number,
  bColumn: number,
  beta: number,
  c: Float32Array,
  cOffset: number,
  cColumn: number,
): void {
  // B can be read in place in both orientations; packing pays once it is large and used often enough.
  const packB = k * n > PACK && m >= 64;
  const packedB = packB ? 4 * INNER * (n + 3) : 0;
  if (4 * (m * k + k * n + m * n) + packedB > LIMIT) {
    const half = Math.ceil(Math.max(m, n, k) / 2);
    if (n >= m && n >= k) {
      columnMajor(scratch, m, half, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cColumn);
      const b2 = bOffset + half * bColumn;
      const c2 = cOffset + half * cColumn;
      columnMajor(scratch, m, n - half, k, alpha, a, aOffset, aRow, aColumn, b, b2, bRow, bColumn, beta, c, c2, cColumn);
    } else if (m >= k) {
      columnMajor(scratch, half, n, k, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cColumn);
      const a2 = aOffset + half * aRow;
      columnMajor(scratch, m - half, n, k, alpha, a, a2, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset + half, cColumn);
    } else {
      columnMajor(scratch, m, n, half, alpha, a, aOffset, aRow, aColumn, b, bOffset, bRow, bColumn, beta, c, cOffset, cColumn);
      const a2 = aOffset + half * aColumn;
      const b2 = bOffset + half * bRow;
      columnMajor(scratch, m, n, k - half, alpha, a, a2, aRow, aColumn, b, b2, bRow, bColumn, 1, c, cOffset, cColumn);
    }
    return;
  }
  const work = BASE;
  const cAt = align(work + BLOCK_BYTES + packedB);
  const aAt = align(cAt + 4 * m * n + 64);
  const bAt = align(aAt + 4 * m * k + 64);
  scratch.reserve(bAt + 4 * k * n);
  if (beta !== 0) scratch.place(cAt, c, cOffset, m, n, 1, cColumn);
  scratch.place(aAt, a, aOffset, m, k, aRow, aColumn);
  const { row, column } = scratch;
  scratch.place(bAt, b, bOffset, k, n, bRow, bColumn);
  // The same holds for A if its rows are adjacent.
  const packA = row !== 4 || (m * k > PACK && n >= 32);
  scratch.exports.gemm(m, n, k, alpha, aAt, row, column, bAt, scratch.row, scratch.column, beta, cAt, 4 * m, work, packA, packB);
  if (cColumn === m) {
    scratch.copyOut(cAt, c, cOffset, m * n);
  } else {
    for (let j = 0; j < n; j++) scratch.copyOut(cAt + 4 * j * m, c, cOffset + j * cColumn, m);
  }
}
