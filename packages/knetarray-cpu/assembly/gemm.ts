// C = alpha * A * B + beta * C for column-major C. Operands are read where they lie when that is as fast as packing them.

import { packColumns, packRows } from './pack';
import { tile4, tile8 } from './tile';

// Inner dimension and rows of a block: a panel of B stays in L1, a block of A in L2.
const INNER: i32 = 256;
const ROWS: i32 = 128;

/**
 * Addresses and strides are in bytes. One stride of A and one of B is 4. `work` has room for the packed blocks:
 * ROWS * INNER floats, and INNER * (n rounded up to 4) more when `packB` is set. With k = 0, C is scaled by beta.
 */
export function gemm(
  m: i32, n: i32, k: i32, alpha: f32, a: usize, aRow: usize, aColumn: usize,
  b: usize, bRow: usize, bColumn: usize, beta: f32, c: usize, cColumn: usize, work: usize, packA: bool, packB: bool,
): void {
  const packedB = work + ROWS * INNER * 4;
  let start: i32 = 0;
  do {
    const inner = min(k - start, INNER);
    let bBlock = b + <usize>start * bRow, bStep = bRow, bLane = bColumn, bPanel = <usize>4 * bColumn;
    if (packB) {
      packColumns(packedB, bBlock, bRow, bColumn, n, inner);
      bBlock = packedB;
      bStep = 16;
      bLane = 4;
      bPanel = 16 * inner;
    }
    for (let i: i32 = 0; i < m; i += ROWS) {
      const rows = min(m - i, ROWS);
      let aBlock = a + <usize>i * aRow + <usize>start * aColumn, aStep = aColumn, aPanel: usize = 32;
      if (packA) {
        packRows(work, aBlock, aRow, aColumn, rows, inner);
        aBlock = work;
        aStep = 32;
        aPanel = 32 * inner;
      }
      let bTile = bBlock;
      let cTile = c + 4 * i;
      for (let j: i32 = 0; j < n; j += 4) {
        let aTile = aBlock;
        let r = rows;
        let out = cTile;
        for (; r > 4; r -= 8) {
          tile8(r, n - j, inner, alpha, aTile, aStep, bTile, bStep, bLane, beta, out, cColumn);
          aTile += aPanel;
          out += 32;
        }
        if (r > 0) tile4(r, n - j, inner, alpha, aTile, aStep, bTile, bStep, bLane, beta, out, cColumn);
        bTile += bPanel;
        cTile += 4 * cColumn;
      }
    }
    beta = 1;
    start += INNER;
  } while (start < k);
}
