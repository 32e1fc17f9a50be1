/** Max pooling against the loops of the portable backend. */
import { type DType, isFloat, isHalf, type PoolingGeometry, type TypedArray } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { elementsOf, numbers, product, rounded, viewOf } from './views.js';

const backend = emulated();
const oracle = cpuBackend({ wasm: false });

function geometry(x: number[], window: number[], stride: number[], padding: number[], planes: number): PoolingGeometry {
  const y = x.map((n, d) => 1 + Math.trunc((n + 2 * padding[d]! - window[d]!) / stride[d]!));
  return { x, y, window, padding, stride, planes };
}

const geometries: Record<string, PoolingGeometry> = {
  'one element': geometry([1, 1], [1, 1], [1, 1], [0, 0], 1),
  'halves of LeNet': geometry([24, 24], [2, 2], [2, 2], [0, 0], 7),
  'halves of odd lengths': geometry([9, 7], [2, 2], [2, 2], [0, 0], 5),
  'halves of a part of a 3-d x': { ...geometry([6, 4, 5], [2, 2, 1], [2, 2, 1], [0, 0, 0], 3), y: [3, 2, 4] },
  'windows that reach beyond x': geometry([1, 3], [2, 2], [2, 2], [0, 0], 4),
  'windows with gaps': geometry([11, 10], [2, 1], [3, 4], [1, 0], 3),
  'one dimension': geometry([37], [3], [2], [1], 4),
  'overlapping windows': geometry([20, 19], [3, 2], [1, 1], [1, 1], 4),
  'stride 3, padding 2': geometry([20, 9], [4, 4], [3, 3], [2, 2], 4),
  'three dimensions': geometry([9, 8, 7], [2, 3, 2], [2, 1, 3], [1, 1, 0], 3),
  'windows within the padding alone': geometry([3, 3], [2, 2], [2, 2], [3, 3], 2),
  'overlapping windows within the padding alone': geometry([3, 3], [2, 2], [1, 2], [3, 3], 2),
  'the whole of x': geometry([5, 6], [5, 6], [5, 6], [0, 0], 3),
  'a window longer than x': geometry([2, 5], [9, 2], [1, 1], [4, 0], 2),
  // Positions in the padding that have more than 32 bits, so that all of them have 64.
  'a stride beyond 32 bits': { ...geometry([6, 5], [3, 2], [2, 1], [1, 0], 2), x: [6, 5], y: [1, 4], stride: [2 ** 33, 1] },
  'a padding beyond 32 bits': { x: [5], y: [1], window: [2 ** 32], padding: [2 ** 31], stride: [1], planes: 3 },
  'no planes': geometry([4, 4], [2, 2], [2, 2], [0, 0], 0),
};

/** Numbers with many ties that all floats hold, as their sums, and on request those that compare otherwise. */
function sample(dtype: DType, length: number, seed: number, special: boolean): TypedArray {
  const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0];
  const signed = dtype !== 'uint8' && dtype !== 'bool';
  const values = numbers(length, seed).map(x =>
    dtype === 'bool' ? Number(x > 0) : signed ? Math.round(x * 12) : 128 + Math.round(x * 120),
  );
  if (special) for (let i = seed % 5; i < length; i += 5) values[i] = specials[i % 7] ?? values[i]!;
  return rounded(dtype, values);
}

/** What the loops of the portable backend choose. */
function expected(g: PoolingGeometry, dtype: DType, x: TypedArray, dy: TypedArray): { y: TypedArray; where: TypedArray; dx: TypedArray } {
  // The portable backend's own rounding of halves is not in question.
  const wide = isHalf(dtype) ? 'float32' : dtype;
  const [y, where] = [viewOf(oracle, wide, dy), viewOf(oracle, 'int32', new Int32Array(dy.length))];
  oracle.maxPooling(g, viewOf(oracle, wide, x), y, where);
  const places = elementsOf(oracle, where);
  const dx = x.slice().fill(0);
  // A window that lies in the padding alone has chosen nothing.
  places.forEach((place, i) => {
    if (place >= 0) dx[place]! += dy[i]!;
  });
  return { y: elementsOf(oracle, y), where: places, dx };
}

function expectSame(actual: TypedArray, wanted: TypedArray): void {
  for (let i = 0; i < wanted.length; i++) {
    if (!Object.is(actual[i], wanted[i])) throw new Error(`element ${i}: ${actual[i]}, expected ${wanted[i]}`);
  }
}

describe.each(['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'bool'] as DType[])('%s', dtype => {
  it.each(Object.keys(geometries))('%s', name => {
    const g = geometries[name]!;
    const [inputs, outputs] = [product(g.x) * g.planes, product(g.y) * g.planes];
    for (const special of isFloat(dtype) ? [false, true] : [false]) {
      const [x, dy] = [sample(dtype, inputs, 1, special), sample(dtype, outputs, 2, false)];
      const wanted = expected(g, dtype, x, dy);
      const source = viewOf(backend, dtype, x);
      const [y, where] = [viewOf(backend, dtype, dy), viewOf(backend, 'int32', new Int32Array(outputs))];
      backend.maxPooling(g, source, y, where);
      expectSame(elementsOf(backend, y), wanted.y);
      expectSame(elementsOf(backend, where), wanted.where);
      const alone = viewOf(backend, dtype, dy);
      backend.maxPooling(g, source, alone, undefined);
      expectSame(elementsOf(backend, alone), wanted.y);
      const dx = viewOf(backend, dtype, x);
      backend.maxPoolingGradient(g, source, viewOf(backend, dtype, dy), dx);
      expectSame(elementsOf(backend, dx), wanted.dx);
    }
  });
});

it.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('keeps the first of equal elements, and the first NaN, of %s', dtype => {
  const { NaN: nan, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
  for (const [window, value, where] of [
    [[0, -0, 0, -0], 0, 0],
    [[-0, 0, 0, 0], -0, 0],
    [[1, 3, 3, 3], 3, 1],
    [[1, nan, nan, 9], nan, 1],
    [[1, 2, 9, nan], nan, 3],
    [[1, 2, nan, high], nan, 2],
    [[low, low, low, low], low, 0],
  ] as const) {
    // Alone, and among windows that overlap.
    for (const stride of [2, 1]) {
      const g = { x: [2, 2], y: [1, 1], window: [2, 2], padding: [0, 0], stride: [stride, stride], planes: 1 };
      const x = viewOf(backend, dtype, Float32Array.from(window));
      const [y, places] = [viewOf(backend, dtype, Float32Array.of(7)), viewOf(backend, 'int32', Int32Array.of(7))];
      backend.maxPooling(g, x, y, places);
      expect([elementsOf(backend, y)[0], elementsOf(backend, places)[0]]).toEqual([value, where]);
      const dx = viewOf(backend, dtype, new Float32Array(4));
      backend.maxPoolingGradient(g, x, viewOf(backend, dtype, Float32Array.of(5)), dx);
      expect([...elementsOf(backend, dx)]).toEqual([0, 1, 2, 3].map(i => (i === where ? 5 : 0)));
    }
  }
});

it.each([
  ['float16', 2048],
  ['bfloat16', 256],
] as const)('adds %s in single precision', (dtype, n) => {
  // n and 1 have no sum there, n and 2 have.
  const g = { x: [1], y: [3], window: [3], padding: [2], stride: [1], planes: 1 };
  const dx = viewOf(backend, dtype, new Float32Array(1));
  backend.maxPoolingGradient(g, viewOf(backend, dtype, new Float32Array(1)), viewOf(backend, dtype, Float32Array.of(n, 1, 1)), dx);
  expect(elementsOf(backend, dx)[0]).toBe(n + 2);
});

it('refuses more than three spatial dimensions', () => {
  const g = geometry([2, 2, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2], [0, 0, 0, 0], 1);
  const view = viewOf(backend, 'float32', new Float32Array(16));
  expect(() => backend.maxPooling(g, view, view, view)).toThrow(/maxPooling: 4 spatial dimensions \[2, 2, 2, 2\]/);
  expect(() => backend.maxPoolingGradient(g, view, view, view)).toThrow(/maxPoolingGradient: 4 spatial dimensions \[2, 2, 2, 2\]/);
});
