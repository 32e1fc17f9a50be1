// Packing for gemm: panels of 8 rows of A (or 4 columns of B), each panel contiguous along the inner dimension.

import { interleaveHigh, interleaveLow, joinHigh, joinLow } from './vector';

/** Copies `width` (8 or 4) adjacent floats per step; steps lie `step` bytes apart. */
// @ts-ignore: decorator
@inline
function packAdjacent(to: usize, from: usize, step: usize, k: i32, wide: bool): void {
  for (; k > 0; k--) {
    v128.store(to, v128.load(from));
    if (wide) v128.store(to, v128.load(from, 16), 16);
    to += wide ? 32 : 16;
    from += step;
  }
}

/** Transposes 4 lines of k contiguous floats into steps of `toStep` bytes; lines behind `lines` repeat the first. */
// @ts-ignore: decorator
@inline
function packLines(to: usize, toStep: usize, from: usize, line: usize, lines: i32, k: i32): void {
  let f0 = from;
  let f1 = lines > 1 ? from + line : from;
  let f2 = lines > 2 ? from + 2 * line : from;
  let f3 = lines > 3 ? from + 3 * line : from;
  for (; k >= 4; k -= 4) {
    const r0 = v128.load(f0), r1 = v128.load(f1), r2 = v128.load(f2), r3 = v128.load(f3);
    const l01 = interleaveLow(r0, r1), l23 = interleaveLow(r2, r3);
    const h01 = interleaveHigh(r0, r1), h23 = interleaveHigh(r2, r3);
    v128.store(to, joinLow(l01, l23));
    v128.store(to + toStep, joinHigh(l01, l23));
    v128.store(to + 2 * toStep, joinLow(h01, h23));
    v128.store(to + 3 * toStep, joinHigh(h01, h23));
    to += 4 * toStep;
    f0 += 16;
    f1 += 16;
    f2 += 16;
    f3 += 16;
  }
  for (; k > 0; k--) {
    f32.store(to, f32.load(f0));
    f32.store(to, f32.load(f1), 4);
    f32.store(to, f32.load(f2), 8);
    f32.store(to, f32.load(f3), 12);
    to += toStep;
    f0 += 4;
    f1 += 4;
    f2 += 4;
    f3 += 4;
  }
}

/** Packs `rows` rows by k columns of A into panels of 8 rows. One of the two strides (bytes) is 4. */
export function packRows(to: usize, from: usize, row: usize, column: usize, rows: i32, k: i32): void {
  for (; rows > 0; rows -= 8) {
    if (row == 4) {
      packAdjacent(to, from, column, k, true);
    } else {
      packLines(to, 32, from, row, rows, k);
      if (rows > 4) packLines(to + 16, 32, from + 4 * row, row, rows - 4, k);
    }
    to += 32 * k;
    from += 8 * row;
  }
}

/** Packs k rows by `columns` columns of B into panels of 4 columns. One of the two strides (bytes) is 4. */
export function packColumns(to: usize, from: usize, row: usize, column: usize, columns: i32, k: i32): void {
  for (; columns > 0; columns -= 4) {
    if (column == 4) packAdjacent(to, from, row, k, false);
    else packLines(to, 16, from, column, columns, k);
    to += 16 * k;
    from += 4 * column;
  }
}
