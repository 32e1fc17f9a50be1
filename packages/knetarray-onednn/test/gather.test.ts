import { type DType, fillBits, type TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { compare, contents, forThreads, type Layout, native, sample, viewOn } from './views.js';

const dtypes: DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];

/** Positions from -1 to length - 1. */
function positions(count: number, length: number, seed = 3): Int32Array {
  const bits = new Uint32Array(count);
  fillBits([seed, count], bits);
  return Int32Array.from(bits, word => (word % (length + 1)) - 1);
}

interface Case {
  name: string;
  source: Omit<Layout, 'dtype'>;
  dim: number;
  count: number;
  step?: number;
}

const cases: Case[] = [
  { name: 'a vector', source: { shape: [37] }, dim: 0, count: 53 },
  { name: 'one element', source: { shape: [1] }, dim: 0, count: 1 },
  { name: 'no position', source: { shape: [4, 3] }, dim: 0, count: 0 },
  { name: 'a reversed vector', source: { shape: [37], strides: [-2], offset: 75 }, dim: 0, count: 64 },
  { name: 'positions of a stride', source: { shape: [37], offset: 5 }, dim: 0, count: 33, step: 3 },
  { name: 'positions backwards', source: { shape: [9, 5] }, dim: 1, count: 8, step: -2 },
  { name: 'columns', source: { shape: [256, 21] }, dim: 1, count: 40 },
  { name: 'short columns', source: { shape: [3, 21] }, dim: 1, count: 40 },
  { name: 'rows', source: { shape: [21, 17] }, dim: 0, count: 40 },
  { name: 'rows of a transpose', source: { shape: [21, 17], strides: [17, 1] }, dim: 0, count: 40 },
  { name: 'columns of a transpose', source: { shape: [21, 17], strides: [17, 1], offset: 2 }, dim: 1, count: 9 },
  { name: 'a middle dimension', source: { shape: [5, 7, 3, 2] }, dim: 1, count: 11 },
  { name: 'a permuted middle dimension', source: { shape: [5, 7, 3], strides: [21, 1, 7] }, dim: 1, count: 11 },
  { name: 'a repeated vector', source: { shape: [6, 4], strides: [0, 1] }, dim: 1, count: 7 },
  { name: 'a repeated element', source: { shape: [6, 4], strides: [0, 0] }, dim: 0, count: 7 },
  { name: 'many lines', source: { shape: [2, 3, 2, 3, 4] }, dim: 2, count: 5 },
  { name: 'long columns', source: { shape: [40_000, 3] }, dim: 1, count: 3 },
  { name: 'many positions', source: { shape: [1000] }, dim: 0, count: 70_001 },
  { name: 'two columns of many positions', source: { shape: [1000, 2] }, dim: 0, count: 40_001 },
];

/** The views of a case: what is gathered from (and scattered to), the list, and what is gathered. */
function views({ source, dim, count, step = 1 }: Case, dtype: DType) {
  const length = source.shape[dim]!;
  const whole: Layout = { dtype, ...source };
  const list: Layout = { dtype: 'int32', shape: [count], strides: [step], offset: step < 0 ? -step * Math.max(0, count - 1) : 2 };
  const chosen: Layout = { dtype, shape: source.shape.map((n, d) => (d === dim ? count : n)) };
  return { whole, list, chosen, places: positions(Math.abs(step) * count + 3, length) };
}

const size = (shape: readonly number[]) => shape.reduce((n, m) => n * m, 1);
const large = (layout: Layout, dtype: DType) => sample(dtype, 2 * size(layout.shape) + 100, 1, true);

describe.each(dtypes)('%s', dtype => {
  it.each(cases)('gathers $name', c => {
    const { whole, list, chosen, places } = views(c, dtype);
    compare(
      [
        { layout: whole, data: large(whole, dtype) },
        { layout: list, data: places },
      ],
      [{ layout: chosen }],
      (b, [x, i], [y]) => b.gather(x!, i!, y!, c.dim),
    );
  });

  // Scattering to elements that are repeated, or that overlap, is not allowed.
  it.each(cases.filter(c => c.source.strides?.includes(0) !== true))('scatters to $name', c => {
    const { whole, list, chosen, places } = views(c, dtype);
    compare(
      [
        { layout: chosen, data: large(chosen, dtype) },
        { layout: list, data: places },
      ],
      [{ layout: whole }],
      (b, [x, i], [y]) => b.scatterAdd(x!, i!, y!, c.dim),
    );
  });

  it('scatters a repeated element and a transpose', () => {
    const places = positions(300, 9);
    for (const strides of [
      [0, 0],
      [5, 1],
      [0, 1],
      [-1, -300],
    ]) {
      const source: Layout = { dtype, shape: [300, 5], strides, offset: strides[0]! < 0 ? 1499 : 0 };
      const list: Layout = { dtype: 'int32', shape: [300] };
      compare(
        [
          { layout: source, data: sample(dtype, 1500, 2) },
          { layout: list, data: places },
        ],
        [{ layout: { dtype, shape: [9, 5] } }],
        (b, [x, i], [y]) => b.scatterAdd(x!, i!, y!, 0),
      );
    }
  });
});

describe('many positions on several threads', () => {
  const n = 150_000;
  const bits = new Uint32Array(n);
  fillBits([1, 2], bits);
  const lists: Record<string, Int32Array> = {
    'in order': Int32Array.from(bits, (_, j) => 3 * j),
    'nearly in order, some twice': Int32Array.from(bits, (word, j) => 3 * j - (j % 3 === 0 ? 2999 : 0) + (word % 3000)),
    'backwards, some negative': Int32Array.from(bits, (word, j) => (word % 7 === 0 ? -1 - (word % 1000) : 3 * (n - j))),
    'at random': Int32Array.from(bits, word => word % (3 * n)),
    'all the same': Int32Array.from(bits, () => 5),
    'all negative': Int32Array.from(bits, () => -2),
  };
  const length = 3 * n + 3000;
  const terms = sample('float32', n, 5);

  it.each(Object.keys(lists))('%s: the same as on one thread, and as they should be', name => {
    const list = lists[name]!;
    const source: Layout = { dtype: 'float32', shape: [n] };
    const places: Layout = { dtype: 'int32', shape: [n] };
    const target: Layout = { dtype: 'float32', shape: [length] };
    const before = sample('float32', length, 6);
    const scatter = (): TypedArray[] => {
      const y = viewOn(native, target, before);
      native.scatterAdd(viewOn(native, source, terms), viewOn(native, places, list), y, 0);
      return [contents(native, y, length)];
    };
    forThreads(scatter);
    compare(
      [
        { layout: source, data: terms },
        { layout: places, data: list },
      ],
      [{ layout: target, data: before }],
      (b, [x, i], [y]) => b.scatterAdd(x!, i!, y!, 0),
    );
    const gather = (): TypedArray[] => {
      const y = viewOn(native, source);
      native.gather(viewOn(native, target, before), viewOn(native, places, list), y, 0);
      return [contents(native, y, n)];
    };
    forThreads(gather);
  });
});

describe('a position past the end', () => {
  const view = (dtype: DType, shape: number[], data: TypedArray) => viewOn(native, { dtype, shape }, data);

  it.each([
    [[2, 3], 1, [0, 3, -1], 3],
    [[4, 3], 0, [4, 9], 9],
    [[5], 0, [1, 5], 5],
  ])('of %j along %i is an error that names it', (shape, dim, list, worst) => {
    const whole = view('float32', shape, new Float32Array(size(shape)));
    const chosen = shape.map((n, d) => (d === dim ? list.length : n));
    const part = view('float32', chosen, new Float32Array(size(chosen)));
    const places = view('int32', [list.length], Int32Array.from(list));
    const message = `position ${worst} is out of range for dimension ${dim} of shape [${shape.join(', ')}]`;
    expect(() => native.gather(whole, places, part, dim)).toThrow(new RangeError(`gather: ${message}`));
    expect(() => native.scatterAdd(part, places, whole, dim)).toThrow(new RangeError(`scatterAdd: ${message}`));
  });

  it('is found among many', () => {
    const n = 100_000;
    const list = Int32Array.from({ length: n }, (_, j) => (j === 77_777 ? n : j));
    const [x, y, places] = [view('float32', [n], new Float32Array(n)), view('float32', [n], new Float32Array(n)), view('int32', [n], list)];
    expect(() => native.gather(x, places, y, 0)).toThrow(RangeError);
    expect(() => native.scatterAdd(x, places, y, 0)).toThrow(RangeError);
  });
});
