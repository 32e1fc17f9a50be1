/** Reductions in TypeScript: a program is run block by block, and its result combined in float64. */
import { collapse, contiguousStrides, type Program, type ReduceOp, type View } from '@knet/knetarray';
import { BoundProgram, blockSize } from './program.js';
import { elements } from './storage.js';

/** The reduce kernel for every dtype. Sums are formed in float64, run by run, so that their error does not grow with size. */
export function reduce(
  op: ReduceOp,
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  shape: readonly number[],
  output: View,
): void {
  const register = program.outputs[0]!;
  const run = new BoundProgram(program, inputs, scalars, shape);
  const target = elements(output);
  // Strides into a contiguous accumulator; 0 along reduced dimensions.
  const kept = output.shape;
  const keptStrides = contiguousStrides(kept);
  const merged = collapse(shape, [shape.map((n, d) => (kept[d] === n ? keptStrides[d]! : 0))]);
  const total = shape.reduce((n, m) => n * m, 1);
  const results = kept.reduce((n, m) => n * m, 1);
  if (op === 'argmax' || op === 'argmin') {
    extremePosition(op, run, register, shape, kept, total, results, target, output.offset);
    return;
  }
  const accumulator = new Float64Array(results).fill(
    op === 'sum' ? 0 : op === 'prod' ? 1 : op === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
  );
  const lengths = merged.shape.length === 0 ? [1] : merged.shape;
  const strides = merged.strides[0]!.length === 0 ? [0] : merged.strides[0]!;
  const position = new Array<number>(lengths.length).fill(0);
  let into = 0;
  for (let start = 0; start < total; start += blockSize) {
    const n = Math.min(blockSize, total - start);
    run.run(start, n);
    const block = run.data[register]!;
    const step = run.step[register]!;
    let at = run.offset[register]!;
    let done = 0;
    while (done < n) {
      const count = Math.min(lengths[0]! - position[0]!, n - done);
      if (strides[0] === 0) accumulator[into] = combineRun(op, accumulator[into]!, block, at, step, count);
      else combineEach(op, accumulator, into, block, at, step, count);
      at += count * step;
      done += count;
      position[0]! += count;
      into += count * strides[0]!;
      // Carry into the outer dimensions.
      for (let d = 0; position[d] === lengths[d] && d < lengths.length; d++) {
        into -= lengths[d]! * strides[d]!;
        position[d] = 0;
        if (d + 1 < lengths.length) {
          position[d + 1]!++;
          into += strides[d + 1]!;
        }
      }
    }
  }
  for (let i = 0; i < results; i++) target[output.offset + i] = accumulator[i]!;
}

function combineRun(op: ReduceOp, start: number, x: ArrayLike<number>, at: number, step: number, n: number): number {
  let a = start;
  switch (op) {
    case 'sum': {
      let s0 = 0;
      let s1 = 0;
      let i = 0;
      for (; i + 1 < n; i += 2) {
        s0 += x[at + i * step]!;
        s1 += x[at + (i + 1) * step]!;
      }
      if (i < n) s0 += x[at + i * step]!;
      return a + (s0 + s1);
    }
    case 'prod':
      // Products of int32 wrap like machine integers; float64 would lose their low bits.
      if (x instanceof Int32Array) for (let i = 0; i < n; i++) a = Math.imul(a, x[at + i * step]!);
      else for (let i = 0; i < n; i++) a *= x[at + i * step]!;
      return a;
    case 'max':
      for (let i = 0; i < n; i++) a = Math.max(a, x[at + i * step]!);
      return a;
    default:
      for (let i = 0; i < n; i++) a = Math.min(a, x[at + i * step]!);
      return a;
  }
}

function combineEach(op: ReduceOp, out: Float64Array, o: number, x: ArrayLike<number>, at: number, step: number, n: number): void {
  switch (op) {
    case 'sum':
      for (let i = 0; i < n; i++) out[o + i]! += x[at + i * step]!;
      break;
    case 'prod':
      if (x instanceof Int32Array) for (let i = 0; i < n; i++) out[o + i] = Math.imul(out[o + i]!, x[at + i * step]!);
      else for (let i = 0; i < n; i++) out[o + i]! *= x[at + i * step]!;
      break;
    case 'max':
      for (let i = 0; i < n; i++) out[o + i] = Math.max(out[o + i]!, x[at + i * step]!);
      break;
    default:
      for (let i = 0; i < n; i++) out[o + i] = Math.min(out[o + i]!, x[at + i * step]!);
  }
}

function extremePosition(
  op: 'argmax' | 'argmin',
  run: BoundProgram,
  register: number,
  shape: readonly number[],
  kept: readonly number[],
  total: number,
  results: number,
  target: { [i: number]: number },
  offset: number,
): void {
  const dim = shape.findIndex((n, d) => kept[d] !== n);
  const inner = shape.slice(0, Math.max(dim, 0)).reduce((n, m) => n * m, 1);
  const length = dim < 0 ? 1 : shape[dim]!;
  const best = new Float64Array(results);
  const where = new Int32Array(results).fill(-1);
  const better = op === 'argmax' ? (x: number, y: number): boolean => x > y : (x: number, y: number): boolean => x < y;
  for (let start = 0; start < total; start += blockSize) {
    const n = Math.min(blockSize, total - start);
    run.run(start, n);
    const block = run.data[register]!;
    for (let i = 0; i < n; i++) {
      const x = block[run.offset[register]! + i * run.step[register]!]!;
      const at = start + i;
      const outer = Math.floor(at / (inner * length));
      const along = Math.floor(at / inner) % length;
      const into = (at % inner) + outer * inner;
      // The first NaN wins, as in NumPy and Julia.
      if (where[into] === -1 || (!Number.isNaN(best[into]!) && (Number.isNaN(x) || better(x, best[into]!)))) {
        best[into] = x;
        where[into] = along;
      }
    }
  }
  for (let i = 0; i < results; i++) target[offset + i] = where[i]!;
}
