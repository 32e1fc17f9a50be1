import type { ElementwiseExports } from './module.js';
import { align, BASE, type Scratch } from './scratch.js';

// Elements copied at a time: 32 KB, which stay in the L1 cache between the copy and the sum.
const PIECE = 8192;

/**
 * out[i + inner * o] = sum over l of x[i + inner * (l + length * o)], accumulated in float64.
 */
export function sum(
  scratch: Scratch<ElementwiseExports>,
  inner: number,
  length: number,
  outer: number,
  x: Float32Array,
  xOffset: number,
  out: Float32Array | Float64Array,
  outOffset: number,
): void {
  const matrix = inner * length;
  if (matrix <= PIECE) {
    // Whole matrices at a time; an empty one (length 0) still writes its zeros.
    const chunk = Math.max(1, Math.floor(PIECE / Math.max(matrix, inner)));
    for (let o = 0; o < outer; o += chunk) {
      const count = Math.min(chunk, outer - o);
      const sums = start(scratch, inner * count);
      add(scratch, inner, length, count, x, xOffset + o * matrix, sums);
      finish(scratch, sums, inner * count, out, outOffset + o * inner);
    }
    return;
  }
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i += PIECE) {
      const width = Math.min(PIECE, inner - i);
      const sums = start(scratch, width);
      // Rows of a narrower part are not adjacent: one at a time.
      const rows = width === inner ? Math.max(1, Math.floor(PIECE / width)) : 1;
      for (let l = 0; l < length; l += rows) {
        add(scratch, width, Math.min(rows, length - l), 1, x, xOffset + o * matrix + l * inner + i, sums);
      }
      finish(scratch, sums, width, out, outOffset + o * inner + i);
    }
  }
}

/** Address of `count` sums, set to 0. */
function start(scratch: Scratch<ElementwiseExports>, count: number): number {
  const sums = align(BASE + 4 * PIECE);
  scratch.reserve(sums + 8 * count);
  scratch.f32.fill(0, sums >> 2, (sums >> 2) + 2 * count);
  return sums;
}

function add(
  scratch: Scratch<ElementwiseExports>,
  inner: number,
  length: number,
  outer: number,
  x: Float32Array,
  xOffset: number,
  sums: number,
): void {
  scratch.copyIn(BASE, x, xOffset, inner * length * outer);
  if (inner === 1) scratch.exports.sumRuns(BASE, length, outer, sums);
  else scratch.exports.sumColumns(BASE, inner, length, outer, sums);
}

function finish(scratch: Scratch<ElementwiseExports>, sums: number, count: number, out: Float32Array | Float64Array, at: number): void {
  out.set(new Float64Array(scratch.f32.buffer, sums, count), at);
}
