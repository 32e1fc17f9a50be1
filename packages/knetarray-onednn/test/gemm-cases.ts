/** Matrix products of the native backend against float64 ones, for whatever instruction set the addon was loaded with. */
import type { DType, TypedArray, View } from '@knet/knetarray';
import { expect, it } from 'vitest';
import type { OnednnBackend } from '../src/index.js';

type NumberType = 'float32' | 'float64' | 'int32';

type LayoutName = 'columns' | 'rows' | 'padded' | 'paddedRows' | 'apart' | 'backwards' | 'backwardsColumns';

/** Elements between neighbours down a column and along a row, for a matrix of so many rows and columns. */
const layouts: Record<LayoutName, (rows: number, columns: number) => [number, number]> = {
  columns: rows => [1, rows],
  rows: (_, columns) => [columns, 1],
  padded: rows => [1, rows + 3],
  paddedRows: (_, columns) => [columns + 5, 1],
  apart: rows => [2, 2 * rows + 1],
  backwards: rows => [-1, rows],
  backwardsColumns: rows => [1, -rows],
};

/** Deterministic numbers in -1 .. 1, or whole ones over the whole range of int32. */
function numbers(seed: number, dtype: NumberType): () => number {
  let state = seed * 2654435761 + 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return dtype === 'int32' ? Math.imul(state, 40503) | 0 : ((state >> 8) & 0xffff) / 32768 - 1;
  };
}

interface Matrix {
  readonly view: View;
  /** Element at row i and column j. */
  at(i: number, j: number): number;
}

/** A matrix in a storage of its own, with an offset, and `fill` wherever no element of it lies. */
function matrix(backend: OnednnBackend, dtype: NumberType, rows: number, columns: number, layout: LayoutName, next: () => number): Matrix {
  const strides = layouts[layout](rows, columns);
  const spans = [(rows - 1) * strides[0], (columns - 1) * strides[1]];
  const low = spans.reduce((sum, span) => sum + Math.min(0, span), 0);
  const high = spans.reduce((sum, span) => sum + Math.max(0, span), 0);
  const empty = rows === 0 || columns === 0;
  const offset = 5 - (empty ? 0 : low);
  const length = empty ? 8 : offset + high + 7;
  const storage = backend.allocate(dtype, length);
  const Type = dtype === 'float32' ? Float32Array : dtype === 'float64' ? Float64Array : Int32Array;
  const filled = new Type(length);
  for (let p = 0; p < length; p++) filled[p] = next();
  backend.write(storage, 0, filled);
  const data = backend.readSync(storage, dtype, 0, length);
  const view: View = { storage, dtype, shape: [rows, columns], strides, offset };
  return { view, at: (i, j) => data[offset + i * strides[0] + j * strides[1]]! };
}

interface Case {
  m: number;
  n: number;
  k: number;
  a?: LayoutName;
  b?: LayoutName;
  c?: LayoutName;
  alpha?: number;
  beta?: number;
  dtype?: NumberType;
}

/** Bytes of the result for 1, 2 and 3 threads must agree, and every element with float64 arithmetic. */
function check(backend: OnednnBackend, x: Case): void {
  const { m, n, k, a = 'columns', b = 'columns', c = 'columns', alpha = 1, beta = 0, dtype = 'float32' } = x;
  const left = matrix(backend, dtype, m, k, a, numbers(1, dtype));
  const right = matrix(backend, dtype, k, n, b, numbers(2, dtype));
  const results = [1, 2, 3].map(threads => {
    backend.threads = threads;
    // With beta = 0 what was there must not matter, not even NaN.
    const result = matrix(backend, dtype, m, n, c, beta === 0 && dtype !== 'int32' ? () => Number.NaN : numbers(3, dtype));
    backend.matmul(left.view, right.view, result.view, alpha, beta);
    return result;
  });
  const contents = results.map(({ view }) => {
    const length = view.offset + 1 + Math.max(0, (m - 1) * view.strides[0]!) + Math.max(0, (n - 1) * view.strides[1]!);
    return backend.readSync(view.storage, dtype, 0, m === 0 || n === 0 ? 8 : length + 7);
  });
  const name = JSON.stringify(x);
  for (const other of contents) expect(bytes(other).equals(bytes(contents[0]!)), `${name} with several threads`).toBe(true);
  const { view, at } = results[0]!;
  const written = contents[0]!;
  const places = new Set<number>();
  const rows = Float64Array.from({ length: m * k }, (_, p) => left.at(Math.floor(p / k), p % k));
  const columns = Float64Array.from({ length: k * n }, (_, p) => right.at(p % k, Math.floor(p / k)));
  let worst = 0;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      const place = view.offset + i * view.strides[0]! + j * view.strides[1]!;
      places.add(place);
      const before = beta === 0 ? 0 : at(i, j);
      let sum = 0;
      let size = Math.abs(beta * before) + Number.MIN_VALUE;
      if (dtype === 'int32') {
        for (let l = 0; l < k; l++) sum = (sum + Math.imul(rows[i * k + l]!, columns[j * k + l]!)) | 0;
        if (written[place] !== ((Math.imul(alpha, sum) + Math.imul(beta, before)) | 0)) worst = Number.POSITIVE_INFINITY;
        continue;
      }
      for (let l = 0; l < k; l++) {
        const term = rows[i * k + l]! * columns[j * k + l]!;
        sum += term;
        size += Math.abs(alpha * term);
      }
      const error = Math.abs(written[place]! - (alpha * sum + beta * before)) / size;
      // Not `error > worst`: NaN must count.
      if (!(error <= worst)) worst = error;
    }
  }
  expect(worst, name).toBeLessThan(dtype === 'float32' ? 2e-6 : dtype === 'float64' ? 4e-15 : 1);
  // Nothing else was written.
  const untouched = numbers(3, dtype);
  for (let place = 0; place < written.length; place++) {
    const expected = beta === 0 && dtype !== 'int32' ? Number.NaN : untouched();
    if (!places.has(place) && !Object.is(written[place], typed(dtype, expected))) expect.fail(`${name}: wrote at ${place}`);
  }
}

function bytes(data: TypedArray): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function typed(dtype: DType, x: number): number {
  return dtype === 'float32' ? Math.fround(x) : x;
}

/** Registers the tests. */
export function testProducts(load: () => OnednnBackend): void {
  const backend = (): OnednnBackend => load();
  const some = ['columns', 'rows', 'padded', 'apart'] as const;
  const orientations = some.flatMap(a => some.flatMap(b => some.map(c => ({ a, b, c }))));

  it.each(['float32', 'float64', 'int32'] as const)('%s, every combination of orientations', dtype => {
    for (const orientation of orientations) {
      for (const [m, n, k] of [
        [33, 13, 17],
        [10, 100, 130],
        [100, 7, 65],
      ] as const) {
        check(backend(), { m, n, k, dtype, ...orientation });
        check(backend(), { m, n, k, dtype, ...orientation, alpha: 2, beta: 3 });
      }
    }
  });

  it.each(['float32', 'float64', 'int32'] as const)('%s, sizes around those of tiles', dtype => {
    const sizes = [1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 48, 49];
    for (const m of sizes) for (const n of sizes) check(backend(), { m, n, k: 1 + ((m * 7 + n * 3) % 19), dtype, beta: (m + n) % 2 });
  });

  it.each(['float32', 'float64', 'int32'] as const)('%s, empty matrices', dtype => {
    for (const [m, n, k] of [
      [0, 3, 2],
      [3, 0, 2],
      [0, 0, 0],
      [3, 4, 0],
      [1, 1, 0],
      [40, 1, 0],
    ] as const) {
      check(backend(), { m, n, k, dtype });
      check(backend(), { m, n, k, dtype, beta: 2 });
    }
  });

  it.each(['float32', 'float64', 'int32'] as const)('%s, matrices times vectors and inner products', dtype => {
    for (const a of ['columns', 'rows', 'apart', 'backwards'] as const) {
      for (const [m, n, k] of [
        [1, 506, 13],
        [1, 13, 506],
        [300, 1, 77],
        [1, 1, 1000],
        [1, 3, 300],
        [129, 1, 3],
        [20, 1, 1],
        [1, 40, 1],
        [1500, 1, 180],
      ] as const) {
        check(backend(), { m, n, k, dtype, a });
        check(backend(), { m, n, k, dtype, a, b: 'rows', c: 'rows', beta: 1 });
        check(backend(), { m, n, k, dtype, b: a, c: 'apart', alpha: 3 });
      }
    }
  });

  it.each(['float32', 'float64', 'int32'] as const)('%s, negative strides', dtype => {
    for (const a of ['backwards', 'backwardsColumns'] as const) {
      check(backend(), { m: 70, n: 30, k: 40, dtype, a });
      check(backend(), { m: 70, n: 30, k: 40, dtype, b: a });
      check(backend(), { m: 70, n: 30, k: 40, dtype, c: a, beta: 1 });
    }
  });

  it.each(['float32', 'float64'] as const)('%s, steps of k', dtype => {
    for (const k of [191, 192, 193, 383, 384, 385, 769]) {
      check(backend(), { m: 37, n: 29, k, dtype, alpha: 0.5, beta: 2 });
      check(backend(), { m: 37, n: 29, k, dtype, a: 'rows', beta: 0 });
    }
  });

  it('float32, large enough for several tasks', () => {
    check(backend(), { m: 64, n: 100, k: 784 });
    check(backend(), { m: 64, n: 784, k: 100, b: 'rows' });
    check(backend(), { m: 784, n: 100, k: 64, a: 'rows' });
    check(backend(), { m: 10, n: 100, k: 2500, a: 'columns' });
    check(backend(), { m: 10, n: 784, k: 200, b: 'rows' });
    check(backend(), { m: 128, n: 515, k: 129, b: 'paddedRows', beta: 1 });
    check(backend(), { m: 515, n: 128, k: 90, a: 'apart', c: 'paddedRows', alpha: -1 });
    check(backend(), { m: 300, n: 290, k: 390, a: 'rows', b: 'rows', beta: 2 });
    check(backend(), { m: 1100, n: 20, k: 200 });
  });

  it('large enough for operands that all tasks share', () => {
    check(backend(), { m: 300, n: 290, k: 900, b: 'rows' });
    check(backend(), { m: 290, n: 301, k: 700, a: 'padded', b: 'paddedRows', c: 'rows', beta: 1 });
    check(backend(), { m: 291, n: 300, k: 701, a: 'rows', alpha: -1 });
    check(backend(), { m: 300, n: 290, k: 800, b: 'rows', dtype: 'float64' });
  });

  it('large, with a long k', () => {
    check(backend(), { m: 260, n: 270, k: 4100, b: 'rows' });
    check(backend(), { m: 257, n: 259, k: 4099, a: 'paddedRows', b: 'padded', beta: 2 });
  });

  it('float64 and int32, large enough for several tasks', () => {
    check(backend(), { m: 300, n: 290, k: 390, a: 'rows', dtype: 'float64' });
    check(backend(), { m: 300, n: 90, k: 100, a: 'rows', dtype: 'int32', beta: -1 });
    check(backend(), { m: 8, n: 900, k: 100, b: 'rows', dtype: 'int32' });
  });

  it('float32, few results of a long k', () => {
    check(backend(), { m: 33, n: 20, k: 9000, a: 'rows' });
    check(backend(), { m: 33, n: 20, k: 9001, b: 'rows', c: 'rows', alpha: 2, beta: 1 });
    check(backend(), { m: 3, n: 400, k: 4099, a: 'rows' });
    check(backend(), { m: 70, n: 1, k: 5000, beta: 2 });
    check(backend(), { m: 1, n: 2, k: 20_000, beta: 2 });
    check(backend(), { m: 5, n: 16, k: 20_000, a: 'rows', beta: 2 });
  });

  it('float32, a million equal terms', () => {
    const k = 2 ** 20;
    const one = matrix(backend(), 'float32', 1, 1, 'columns', () => 0.1);
    for (const [rowStep, columnStep] of [
      [1, 0],
      [0, 1],
      [0, 0],
    ] as const) {
      // The same number everywhere, by strides of 0, or a real vector where the stride is 1.
      const long = matrix(backend(), 'float32', k, 1, 'columns', () => 0.1);
      const source = columnStep === 1 ? long.view : one.view;
      const left: View = { ...source, shape: [rowStep === 1 ? 2 : 1, k], strides: [0, columnStep] };
      const result = matrix(backend(), 'float32', left.shape[0]!, 1, 'columns', () => 0);
      backend().matmul(left, long.view, result.view, 1, 0);
      const got = backend().readSync(result.view.storage, 'float32', result.view.offset, 1)[0]!;
      const exact = k * Math.fround(0.1) ** 2;
      expect(Math.abs(got - exact) / exact).toBeLessThan(1e-6);
    }
  });

  it.each(['float32', 'float64'] as const)('%s, NaN and infinity reach the results that they belong to, and no others', dtype => {
    for (const [m, n, k] of [
      [40, 30, 20],
      [5, 100, 700],
      [40, 1, 20],
      [1, 40, 20],
    ] as const) {
      const left = matrix(backend(), dtype, m, k, 'columns', numbers(1, dtype));
      const right = matrix(backend(), dtype, k, n, 'columns', numbers(2, dtype));
      const result = matrix(backend(), dtype, m, n, 'columns', () => Number.NaN);
      const Type = dtype === 'float32' ? Float32Array : Float64Array;
      backend().write(left.view.storage, left.view.offset + m - 1, Type.of(Number.NaN));
      backend().write(right.view.storage, right.view.offset, Type.of(Number.POSITIVE_INFINITY));
      backend().matmul(left.view, right.view, result.view, 1, 0);
      const z = backend().readSync(result.view.storage, dtype, result.view.offset, m * n);
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < m; i++) {
          const x = z[i + j * m]!;
          if (i === m - 1) expect(x).toBeNaN();
          else if (j === 0) expect(Math.abs(x)).toBe(Number.POSITIVE_INFINITY);
          else expect(Number.isFinite(x)).toBe(true);
        }
      }
    }
  });
}
