import type { DType, PoolingGeometry, TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { compare, contents, expectSame, forThreads, type Layout, native, oracle, sample, viewOn } from './views.js';

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
  'halves of 8 of 20 columns': { ...geometry([20, 7], [2, 2], [2, 2], [0, 0], 3), y: [4, 2] },
  'two columns, in part': { ...geometry([5, 9], [2, 2], [2, 2], [0, 0], 6), y: [1, 3] },
  'overlapping windows of one long row': geometry([5000], [5], [2], [2], 2),
  'no planes': geometry([4, 4], [2, 2], [2, 2], [0, 0], 0),
};

/** The gradient by definition: dy, added to where the maxima are. */
function gradientOfPositions(g: PoolingGeometry, dtype: DType, x: TypedArray, dy: TypedArray): TypedArray {
  const view = (data: TypedArray, type = dtype) => viewOn(oracle, { dtype: type, shape: [data.length] }, data);
  const [y, where, dx] = [view(dy), view(new Int32Array(dy.length), 'int32'), view(x.slice().fill(0))];
  oracle.maxPooling(g, view(x), y, where);
  oracle.scatterAdd(view(dy), where, dx, 0);
  return contents(oracle, dx, x.length);
}

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
        compare(
          [{ layout: x, data: sample(dtype, inputs + offset, seed, special) }],
          [{ layout: { dtype, shape: [outputs], offset } }],
          (b, [source], [y]) => b.maxPooling(g, source!, y!, undefined),
        );
      }
    }
  });

  it.each(Object.keys(geometries))('gradient, %s', name => {
    const g = geometries[name]!;
    const [inputs, outputs] = [product(g.x) * g.planes, product(g.y) * g.planes];
    for (const [seed, offset] of [
      [1, 0],
      [2, 3],
    ] as const) {
      for (const special of [false, true]) {
        const [x, dy, before] = [sample(dtype, inputs + offset, seed, special), sample(dtype, outputs + offset, 7, special), inputs + 9];
        const views = [x, dy].map(data => viewOn(native, { dtype, shape: [data.length - offset], offset }, data));
        const dx = viewOn(native, { dtype, shape: [inputs], offset }, sample(dtype, before, 99));
        native.maxPoolingGradient(g, views[0]!, views[1]!, dx);
        // What lies around dx stays.
        const expected = sample(dtype, before, 99);
        expected.set(gradientOfPositions(g, dtype, x.slice(offset), dy.slice(offset)), offset);
        expectSame([contents(native, dx, before)], [expected]);
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
    const dx = viewOn(native, { dtype: 'float32', shape: [4] }, Float32Array.of(9, 9, 9, 9));
    const x = viewOn(native, { dtype: 'float32', shape: [4] }, Float32Array.from(window));
    native.maxPoolingGradient(g, x, viewOn(native, { dtype: 'float32', shape: [1] }, Float32Array.of(5)), dx);
    expect([...contents(native, dx, 4)]).toEqual([0, 1, 2, 3].map(i => (i === where ? 5 : 0)));
  }
});

it('gives the same bits on any number of threads', () => {
  const odd = geometry([25, 23], [2, 2], [2, 2], [0, 0], 400);
  for (const g of [geometry([24, 24], [2, 2], [2, 2], [0, 0], 500), odd, geometry([24, 24], [3, 3], [2, 2], [1, 1], 300)]) {
    const [inputs, outputs] = [product(g.x) * g.planes, product(g.y) * g.planes];
    const x = viewOn(native, { dtype: 'float32', shape: [inputs] }, sample('float32', inputs, 3, true));
    forThreads((): TypedArray[] => {
      const [y, places] = [viewOn(native, { dtype: 'float32', shape: [outputs] }), viewOn(native, { dtype: 'int32', shape: [outputs] })];
      native.maxPooling(g, x, y, places);
      const dy = viewOn(native, { dtype: 'float32', shape: [outputs] }, sample('float32', outputs, 4));
      const dx = viewOn(native, { dtype: 'float32', shape: [inputs] }, new Float32Array(inputs).fill(9));
      native.maxPoolingGradient(g, x, dy, dx);
      return [contents(native, y, outputs), contents(native, places, outputs), contents(native, dx, inputs)];
    });
  }
});

it('refuses more than three spatial dimensions', () => {
  const g = geometry([2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2], [0, 0, 0, 0], 1);
  const view = viewOn(native, { dtype: 'float32', shape: [16] });
  expect(() => native.maxPooling(g, view, view, view)).toThrow(/maxPooling: 4 spatial dimensions \[2, 2, 2, 2\]/);
  expect(() => native.maxPoolingGradient(g, view, view, view)).toThrow(/maxPoolingGradient: 4 spatial dimensions \[2, 2, 2, 2\]/);
});
