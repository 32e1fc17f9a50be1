import type { DType } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { compare, contents, forThreads, type Layout, native, sample, viewOn } from './views.js';

const layouts: Omit<Layout, 'dtype'>[] = [
  { shape: [1] },
  { shape: [1000] },
  { shape: [100], strides: [-3], offset: 300 },
  { shape: [7, 1, 5] },
  { shape: [65, 9] },
  { shape: [130, 3, 2] },
  { shape: [9, 65], strides: [65, 1] },
  { shape: [3, 4, 5, 2], strides: [20, 1, 4, 60], offset: 3 },
  { shape: [6, 11], strides: [0, 1] },
  { shape: [6, 11], strides: [1, 0] },
  { shape: [2, 4, 3], strides: [1, 2, 8] },
];

describe.each(['float32', 'float64', 'int32', 'uint8', 'bool'] as DType[])('cumsum of %s', dtype => {
  it.each(layouts)('over %j', layout => {
    layout.shape.forEach((_, dim) => {
      const x: Layout = { dtype, ...layout };
      compare([{ layout: x, data: sample(dtype, 1100, dim + 1) }], [{ layout: { dtype, shape: layout.shape } }], (b, [a], [y]) =>
        b.cumsum(a!, y!, dim),
      );
    });
  });
});

it('carries infinities and NaN along', () => {
  const x: Layout = { dtype: 'float32', shape: [20, 30] };
  for (const dim of [0, 1])
    compare([{ layout: x, data: sample('float32', 600, 4, true) }], [{ layout: x }], (b, [a], [y]) => b.cumsum(a!, y!, dim));
});

it('loses no accuracy with length', () => {
  const n = 1_000_000;
  const layout: Layout = { dtype: 'float32', shape: [n] };
  const y = viewOn(native, layout);
  native.cumsum(viewOn(native, layout, new Float32Array(n).fill(0.1)), y, 0);
  expect(contents(native, y, n)[n - 1]).toBe(Math.fround(n * Math.fround(0.1)));
});

it('wraps int32 sums', () => {
  const layout: Layout = { dtype: 'int32', shape: [3] };
  compare([{ layout, data: new Int32Array([2 ** 31 - 1, 1, -5]) }], [{ layout }], (b, [a], [y]) => b.cumsum(a!, y!, 0));
});

it('gives the same bits on any number of threads', () => {
  const layout: Layout = { dtype: 'float32', shape: [300, 7, 120] };
  const data = sample('float32', 300 * 7 * 120, 8);
  for (const dim of [0, 1, 2]) {
    forThreads(() => {
      const y = viewOn(native, layout);
      native.cumsum(viewOn(native, layout, data), y, dim);
      return [contents(native, y, data.length)];
    });
  }
});
