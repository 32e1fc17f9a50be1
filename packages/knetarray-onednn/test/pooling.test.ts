import type { DType, PoolingGeometry, TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { compare, contents, forThreads, type Layout, native, sample, viewOn } from './views.js';

const product = (sizes: readonly number[]) => sizes.reduce((n, m) => n * m, 1);

function geometry(x: number[], window: number[], stride: number[], padding: number[], planes: number): PoolingGeometry {
  const y = x.map((n, d) => 1 + Math.trunc((n + 2 * padding[d]! - window[d]!) / stride[d]!));
  return { x, y, window, padding, stride, planes };
}

const geometries: Record<string, PoolingGeometry> = {
  'halves of one plane': geometry([2, 2], [2, 2], [2, 2], [0, 0], 1),
  'halves of LeNet 1': geometry([24, 24], [2, 2], [2, 2], [0, 0], 7),
  'halves of LeNet 2': geometry([8, 8], [2, 2], [2, 2], [0, 0], 13),
  'halves of odd lengths': geometry([9, 7], [2, 2], [2, 2], [0, 0], 5),
  'halves of 16 and a rest': geometry([66, 4], [2, 2], [2, 2], [0, 0], 3),
  'halves of 17': geometry([34, 6], [2, 2], [2, 2], [0, 0], 3),
  'halves of two columns': geometry([2, 6], [2, 2], [2, 2], [0, 0], 9),
  'halves of a 3-d x': geometry([6, 4, 5], [2, 2, 1], [2, 2, 1], [0, 0, 0], 3),
  'halves of a part of a 3-d x': { ...geometry([6, 4, 5], [2, 2, 1], [2, 2, 1], [0, 0, 0], 3), y: [3, 2, 4] },
  'windows that reach beyond x': geometry([1, 3], [2, 2], [2, 2], [0, 0], 4),
  'one dimension': geometry([37], [3], [2], [1], 4),
  'overlapping windows': geometry([20, 19], [3, 2], [1, 1], [1, 1], 4),
  'stride 3, padding 2': geometry([20, 9], [4, 4], [3, 3], [2, 2], 4),
  'three dimensions': geometry([9, 8, 7], [2, 3, 2], [2, 1, 3], [1, 1, 0], 3),
  'windows within the padding alone': geometry([3, 3], [2, 2], [2, 2], [3, 3], 2),
  'the whole of x': geometry([5, 6], [5, 6], [5, 6], [0, 0], 3),
};

describe.each(['float32', 'float64', 'int32', 'uint8', 'bool'] as DType[])('maxPooling of %s', dtype => {
  it.each(Object.keys(geometries))('%s', name => {
    const g = geometries[name]!;
    const [inputs, outputs] = [product(g.x) * g.planes, product(g.y) * g.planes];
    for (const [seed, offset] of [
      [1, 0],
      [2, 3],
    ] as const) {
      for (const special of [false, true]) {
        const x: Layout = { dtype, shape: [inputs], offset };
        compare(
          [{ layout: x, data: sample(dtype, inputs + offset, seed, special) }],
          [{ layout: { dtype, shape: [outputs], offset } }, { layout: { dtype: 'int32', shape: [outputs], offset } }],
          (b, [source], [y, where]) => b.maxPooling(g, source!, y!, where!),
        );
      }
    }
  });
});

it('keeps the first of equal elements, and the first NaN', () => {
  const g = geometry([2, 2], [2, 2], [2, 2], [0, 0], 1);
  for (const [window, value, where] of [
    [[0, -0, 0, -0], 0, 0],
    [[-0, 0, 0, 0], -0, 0],
    [[1, 3, 3, 3], 3, 1],
    [[1, 2, 3, 3], 3, 2],
    [[1, Number.NaN, Number.NaN, 9], Number.NaN, 1],
    [[1, 2, 9, Number.NaN], Number.NaN, 3],
    [[Number.NaN, 2, 9, 3], Number.NaN, 0],
    [[1, 2, Number.NaN, Number.POSITIVE_INFINITY], Number.NaN, 2],
    [[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], Number.NEGATIVE_INFINITY, 0],
  ] as const) {
    const [y, places] = [viewOn(native, { dtype: 'float32', shape: [1] }), viewOn(native, { dtype: 'int32', shape: [1] })];
    native.maxPooling(g, viewOn(native, { dtype: 'float32', shape: [4] }, Float32Array.from(window)), y, places);
    expect([contents(native, y, 1)[0], contents(native, places, 1)[0]]).toEqual([value, where]);
  }
});

it('gives the same bits on any number of threads', () => {
  for (const g of [geometry([24, 24], [2, 2], [2, 2], [0, 0], 500), geometry([24, 24], [3, 3], [2, 2], [1, 1], 300)]) {
    const [inputs, outputs] = [product(g.x) * g.planes, product(g.y) * g.planes];
    const x = viewOn(native, { dtype: 'float32', shape: [inputs] }, sample('float32', inputs, 3, true));
    forThreads((): TypedArray[] => {
      const [y, places] = [viewOn(native, { dtype: 'float32', shape: [outputs] }), viewOn(native, { dtype: 'int32', shape: [outputs] })];
      native.maxPooling(g, x, y, places);
      return [contents(native, y, outputs), contents(native, places, outputs)];
    });
  }
});

it('refuses more than three spatial dimensions', () => {
  const g = geometry([2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2], [0, 0, 0, 0], 1);
  const view = viewOn(native, { dtype: 'float32', shape: [16] });
  expect(() => native.maxPooling(g, view, view, view)).toThrow(/maxPooling: 4 spatial dimensions \[2, 2, 2, 2\]/);
});
