/** Matrix products of the backend against float64 ones. */
import { type DType, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { expect } from 'vitest';
import type { CudaBackend } from '../src/index.js';

export type Layout = 'columns' | 'rows' | 'padded' | 'paddedRows' | 'apart' | 'backwards' | 'repeated';

/** Elements between neighbours down a column and along a row, for a matrix of so many rows and columns. */
const strides: Record<Layout, (rows: number, columns: number) => readonly [down: number, along: number]> = {
  columns: rows => [1, rows],
  rows: (_, columns) => [columns, 1],
  padded: rows => [1, rows + 3],
  paddedRows: (_, columns) => [columns + 5, 1],
  apart: rows => [2, 2 * rows + 1],
  backwards: rows => [-1, rows],
  repeated: () => [1, 0],
};

/** A matrix product to check. */
export interface Case {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly a?: Layout;
  readonly b?: Layout;
  readonly c?: Layout;
  readonly alpha?: number;
  readonly beta?: number;
  readonly dtype?: DType;
  readonly batch?: readonly number[];
  /** The operand that is the same for the whole batch. */
  readonly same?: 'a' | 'b';
  /** The matrices of a batch lie in the opposite order of its dimensions. */
  readonly reordered?: boolean;
}

export interface Sample {
  readonly view: View;
  /** What its storage held at first. */
  readonly data: TypedArray;
}

/** Numbers in -1 .. 1, or whole ones over the whole range of int32. */
function numbers(seed: number, dtype: DType): () => number {
  let state = seed * 2654435761 + 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return dtype === 'int32' ? Math.imul(state, 40503) | 0 : ((state >> 8) & 0xffff) / 32768 - 1;
  };
}

const positions = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>((all, n) => Array.from({ length: n }, (_, i) => all.map(p => [...p, i])).flat(), [[]]);

/** Matrices of a batch in a storage of their own, with other numbers around them. */
export function sample(
  backend: CudaBackend,
  { dtype = 'float32', batch = [], reordered = false }: Case,
  [rows, columns]: readonly [number, number],
  layout: Layout,
  next: () => number,
  same = false,
): Sample {
  const [down, along] = strides[layout](rows, columns);
  const reach = (step: number, n: number): number => step * Math.max(n - 1, 0);
  const low = Math.min(0, reach(down, rows)) + Math.min(0, reach(along, columns));
  const span = 1 + Math.max(0, reach(down, rows)) + Math.max(0, reach(along, columns)) - low + 2;
  const steps = batch.map((_, d) => (same ? 0 : span * (reordered ? batch.slice(d + 1) : batch.slice(0, d)).reduce((s, n) => s * n, 1)));
  const length = 5 + span * (same ? 1 : batch.reduce((s, n) => s * n, 1)) + 4;
  const storage = backend.allocate(dtype, length);
  const filled = typedArray(dtype, length);
  for (let i = 0; i < length; i++) filled[i] = next();
  backend.write(storage, 0, filled);
  const view: View = { storage, dtype, shape: [rows, columns, ...batch], strides: [down, along, ...steps], offset: 5 - low };
  return { view, data: backend.readSync(storage, dtype, 0, length) };
}

const place = ({ strides, offset }: View, i: number, j: number, batch: readonly number[]): number =>
  batch.reduce((at, index, d) => at + index * strides[d + 2]!, offset + i * strides[0]! + j * strides[1]!);

/** Relative to the sum of what is added up, what rounding may cost. */
const accuracy: Partial<Record<DType, number>> = { float32: 2e-6, float64: 4e-15, float16: 1e-3, bfloat16: 8e-3 };

/** Computes a product and compares all of its elements, and that nothing else was written. */
export function check(backend: CudaBackend, x: Case): void {
  const { m, k, n, a = 'columns', b = 'columns', c = 'columns', alpha = 1, beta = 0, dtype = 'float32', batch = [], same } = x;
  const left = sample(backend, x, [m, k], a, numbers(1, dtype), same === 'a');
  const right = sample(backend, x, [k, n], b, numbers(2, dtype), same === 'b');
  // With beta = 0 what was there must not matter, not even NaN.
  const whole = dtype === 'int32';
  const result = sample(backend, x, [m, n], c, beta === 0 && !whole ? () => Number.NaN : numbers(3, dtype));
  backend.matmul(left.view, right.view, result.view, alpha, beta);
  const { length } = result.data;
  const written = backend.readSync(result.view.storage, dtype, 0, length);
  const expected = result.data.slice();
  const name = JSON.stringify(x);
  let worst = 0;
  for (const p of positions(batch)) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < m; i++) {
        const at = place(result.view, i, j, p);
        const before = beta === 0 ? 0 : result.data[at]!;
        let [u, v] = [place(left.view, i, 0, p), place(right.view, 0, j, p)];
        let sum = 0;
        let size = Math.abs(beta * before) + Number.MIN_VALUE;
        for (let l = 0; l < k; l++, u += left.view.strides[1]!, v += right.view.strides[0]!) {
          const [y, z] = [left.data[u]!, right.data[v]!];
          if (whole) sum = (sum + Math.imul(y, z)) | 0;
          else sum += y * z;
          size += Math.abs(alpha * y * z);
        }
        const wanted = whole ? (Math.imul(alpha, sum) + Math.imul(beta, before)) | 0 : alpha * sum + beta * before;
        const error = Math.abs(written[at]! - wanted) / (whole ? 1 : size);
        // Not `error > worst`: NaN must count.
        if (!(error <= worst)) worst = error;
        expected[at] = written[at]!;
      }
    }
  }
  expect(worst, name).toBeLessThan(accuracy[dtype] ?? 0.5);
  for (let at = 0; at < length; at++) if (!Object.is(written[at], expected[at])) expect.fail(`${name}: wrote at ${at}`);
  for (const { view } of [left, right, result]) backend.release(view.storage);
}
