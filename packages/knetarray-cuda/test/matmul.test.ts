import { type DType, typedArray } from '@knet/knetarray';
import { afterAll, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { type Case, check, type Layout, sample } from './products.js';
import { rounded } from './views.js';

// Kernels of our own: no library is asked.
process.env.KNET_CUBLAS ??= 'off';
const backend = emulated();
const before = backend.deviceMemory.free;
afterAll(() => {
  // A GPU keeps what was given back.
  if (backend.info.major === 0) expect(backend.deviceMemory.free, 'memory that was not given back').toBe(before);
});

const dtypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int32'];
const layouts: readonly Layout[] = ['columns', 'rows', 'padded', 'paddedRows', 'apart', 'backwards'];

/** A size for each of the kernels: short sums, long sums of neighbours, few results, narrow and square tiles, with parts or not. */
const kinds: Record<string, Pick<Case, 'm' | 'k' | 'n'>> = {
  single: { m: 11, k: 13, n: 9 },
  'single, long': { m: 70, k: 5, n: 40 },
  warp: { m: 2, k: 150, n: 3 },
  'narrow, columns': { m: 130, k: 70, n: 7 },
  'narrow, rows': { m: 3, k: 35, n: 150 },
  'narrow, parts': { m: 140, k: 259, n: 1 },
  medium: { m: 65, k: 33, n: 12 },
  'medium, parts': { m: 20, k: 259, n: 15 },
};

it.each(dtypes)('%s: every layout of the operands and the output, in every kernel', dtype => {
  for (const size of Object.values(kinds)) {
    layouts.forEach((a, i) => {
      check(backend, { ...size, dtype, a, b: layouts[(i + 1) % 6]!, c: layouts[(i + 4) % 6]! });
      if (i % 2 === 0) check(backend, { ...size, dtype, a, b: a, alpha: 2, beta: 3 });
    });
    check(backend, { ...size, dtype, a: 'repeated', b: 'repeated' });
  }
});

it.each(dtypes)('%s: sizes around those of tiles', dtype => {
  for (const m of [63, 64, 65]) for (const n of [9, 64, 66]) check(backend, { m, n, k: 15 + (m % 3), dtype, beta: m % 2 });
  for (const m of [127, 128, 129]) for (const n of [5, 8]) check(backend, { m, n, k: 15 + (m % 3), dtype, beta: m % 2 });
});

it.each(dtypes)('%s: large tiles', dtype => {
  // Enough of them only with a batch.
  check(backend, { m: 130, k: 10, n: 65, dtype, batch: [66], a: 'rows', b: dtype === 'int32' ? 'columns' : 'rows', beta: 5, same: 'b' });
});

it.each(dtypes)('%s: batches', dtype => {
  for (const size of Object.values(kinds)) {
    check(backend, { ...size, dtype, batch: [3], a: 'rows' });
    check(backend, { ...size, dtype, batch: [2], same: 'a', beta: 2 });
    check(backend, { ...size, dtype, batch: [2, 1, 2], same: 'b', reordered: true });
  }
  check(backend, { m: 4, k: 3, n: 5, dtype, batch: [2, 3, 2], reordered: true, c: 'rows' });
});

it.each(dtypes)('%s: empty matrices', dtype => {
  for (const [m, k, n] of [
    [0, 3, 2],
    [3, 3, 0],
    [3, 0, 4],
  ] as const) {
    check(backend, { m, k, n, dtype });
    check(backend, { m, k, n, dtype, beta: 2 });
  }
  check(backend, { m: 3, k: 2, n: 2, dtype, batch: [0] });
});

it('computes long sums in parts', () => {
  check(backend, { m: 1, k: 5000, n: 1 });
  check(backend, { m: 1, k: 20_000, n: 1, a: 'rows', beta: 1 });
  check(backend, { m: 3, k: 4100, n: 2, a: 'rows', alpha: -1 });
  check(backend, { m: 1, k: 2500, n: 70, b: 'apart' });
  check(backend, { m: 40, k: 4500, n: 12, c: 'rows', beta: 1 });
});

it('loses no accuracy with the length of an inner product', () => {
  const k = 2 ** 20;
  const case_: Case = { m: 1, k, n: 1 };
  const [x, y] = [sample(backend, case_, [1, k], 'columns', () => 0.1), sample(backend, case_, [1, 1], 'columns', () => 0)];
  backend.matmul(x.view, { ...x.view, shape: [k, 1], strides: [1, k] }, y.view, 1, 0);
  const got = backend.readSync(y.view.storage, 'float32', y.view.offset, 1)[0]!;
  const exact = k * Math.fround(0.1) ** 2;
  expect(Math.abs(got - exact) / exact).toBeLessThan(1e-6);
  for (const { view } of [x, y]) backend.release(view.storage);
});

it('computes the same bits every time', () => {
  const x: Case = { m: 20, k: 2000, n: 15 };
  const next = (seed: number) => () => Math.fround(Math.sin(seed++));
  const [a, b] = [sample(backend, x, [20, 2000], 'rows', next(1)), sample(backend, x, [2000, 15], 'columns', next(9))];
  const results = [0, 1].map(() => {
    const c = sample(backend, x, [20, 15], 'columns', () => 7);
    backend.matmul(a.view, b.view, c.view, 1, 0);
    const data = backend.readSync(c.view.storage, 'float32', c.view.offset, 300);
    backend.release(c.view.storage);
    return data;
  });
  expect(results[0]).toEqual(results[1]);
  for (const { view } of [a, b]) backend.release(view.storage);
});

it.each(['float32', 'float64', 'float16', 'bfloat16'] as const)(
  '%s: NaN and infinity reach the results that they belong to, and no others',
  dtype => {
    for (const { m, k, n } of Object.values(kinds)) {
      const x: Case = { m, k, n, dtype };
      const a = sample(backend, x, [m, k], 'columns', () => 1);
      const b = sample(backend, x, [k, n], 'columns', () => 1);
      const c = sample(backend, x, [m, n], 'columns', () => Number.NaN);
      backend.write(a.view.storage, a.view.offset + m * k - 1, typedArray(dtype, 1).fill(Number.NaN));
      backend.write(b.view.storage, b.view.offset, typedArray(dtype, 1).fill(Number.POSITIVE_INFINITY));
      backend.matmul(a.view, b.view, c.view, 1, 0);
      const expected = Float64Array.from({ length: m * n }, (_, i) =>
        i % m === m - 1 ? Number.NaN : i < m ? Number.POSITIVE_INFINITY : k,
      );
      expect([...backend.readSync(c.view.storage, dtype, c.view.offset, m * n)]).toEqual([...rounded(dtype, expected)]);
      for (const { view } of [a, b, c]) backend.release(view.storage);
    }
  },
);

it('refuses elements that have no products', () => {
  const { view } = sample(backend, { m: 2, k: 2, n: 2, dtype: 'uint8' }, [2, 2], 'columns', () => 1);
  expect(() => backend.matmul(view, view, view, 1, 0)).toThrow('convert the arrays to int32 first');
  backend.release(view.storage);
});
