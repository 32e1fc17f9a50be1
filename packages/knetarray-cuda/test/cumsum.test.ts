import { type DType, isFloat, type TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { download, expectSame, forEachPosition, type Layout, placeOf, type Strided, strided, upload } from './strided.js';
import { rounded } from './views.js';

const backend = emulated();

function run(x: Strided, y: Strided, dim: number): TypedArray {
  const views = [upload(backend, x), upload(backend, y)] as const;
  backend.cumsum(...views, dim);
  const result = download(backend, views[1], y);
  for (const { storage } of views) backend.release(storage);
  return result;
}

/** The whole storage of the output: sums in float64, or whole ones that wrap around. */
function expected(x: Strided, y: Strided, dim: number): TypedArray {
  const result = y.data.slice();
  const sums = new Map<string, number>();
  forEachPosition(x.shape, position => {
    const line = position.map((p, d) => (d === dim ? -1 : p)).join();
    const sum = (sums.get(line) ?? 0) + x.data[placeOf(x, position)]!;
    sums.set(line, isFloat(x.dtype) ? sum : sum | 0);
    result[placeOf(y, position)] = rounded(x.dtype, Float64Array.of(sum))[0]!;
  });
  return result;
}

/** Elements are multiples of 2^-12: sums of float64 are exact in any order. */
function check(dtype: DType, x: Layout, y: Layout, dim: number): void {
  const [source, target] = [strided(dtype, x, dim + 1), strided(dtype, y, 9)];
  // Of long lines nothing would be left beside NaN.
  if (source.data.length > 400) source.data = source.data.map(v => (Number.isFinite(v) ? v : 0.5));
  const [actual, wanted] = [run(source, target, dim), expected(source, target, dim)];
  expectSame(actual, wanted);
}

const dtypes = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'bool'] as const;

describe.each(dtypes)('cumsum of %s', dtype => {
  it.each<Layout>([
    { shape: [1] },
    { shape: [100], strides: [-3], offset: 300 },
    { shape: [7, 1, 5] },
    { shape: [65, 9] },
    { shape: [9, 65], strides: [65, 1] },
    { shape: [3, 4, 5, 2], strides: [20, 1, 4, 60], offset: 3 },
    { shape: [6, 21], strides: [0, 1] },
    { shape: [21, 6], strides: [1, 0] },
    { shape: [2, 40, 3], strides: [1, 2, 80] },
  ])('over every dimension of %j', layout => {
    layout.shape.forEach((_, dim) => {
      check(dtype, layout, { shape: layout.shape }, dim);
    });
    // Into a view with gaps.
    let step = 2;
    const strides = layout.shape.map(n => {
      step *= n + 1;
      return step / (n + 1);
    });
    check(dtype, layout, { shape: layout.shape, strides, offset: 4 }, 0);
  });
});

it('over lengths around the numbers of elements that threads, warps and blocks have', () => {
  for (const n of [2, 3, 4, 5, 16, 17, 31, 33, 127, 128, 129, 500, 513, 1023, 1024, 1025, 2049, 4097]) {
    check('float32', { shape: [n, 3] }, { shape: [n, 3] }, 0);
    check('int32', { shape: [3, n] }, { shape: [3, n] }, 1);
  }
  for (const n of [17, 40, 300]) check('float64', { shape: [n, 37] }, { shape: [n, 37] }, 0);
});

it('in a thread for each of many lines', () => {
  check('float32', { shape: [4100, 19] }, { shape: [4100, 19] }, 1);
  check('int32', { shape: [5, 700] }, { shape: [5, 700] }, 0);
});

it('in segments of long lines', () => {
  for (const dtype of ['float32', 'float64', 'int32', 'float16', 'bfloat16'] as const) {
    check(dtype, { shape: [9001] }, { shape: [9001] }, 0);
    check(dtype, { shape: [2, 8200] }, { shape: [2, 8200] }, 1);
  }
});

it('loses no accuracy with length', () => {
  const n = 100_000;
  const x: Strided = { ...strided('float32', { shape: [n] }, 1), data: new Float32Array(n).fill(0.1) };
  const y = run(x, x, 0);
  for (const at of [1, 999, 50_000, n]) expect(y[at - 1]).toBe(Math.fround(at * Math.fround(0.1)));
});

it('wraps int32 sums', () => {
  const x: Strided = { ...strided('int32', { shape: [3] }, 1), data: Int32Array.of(2 ** 31 - 1, 1, -5) };
  expect([...run(x, x, 0)]).toEqual([2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 5]);
});
