import { type DType, isFloat, isHalf, type OpName, type Program, type ReduceOp, type TypedArray, typedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { download, expectSame, forEachPosition, type Layout, placeOf, type Strided, strided, upload } from './strided.js';
import { product, rounded } from './views.js';

const backend = emulated();
const dtypes = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'bool'] as const;
const ops: readonly ReduceOp[] = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];

let ids = 20_000;
function program(
  dtype: DType,
  inputs: number,
  scalars: number,
  steps: readonly (readonly [OpName, ...number[]])[],
  output: number,
): Program {
  return { id: ids++, dtype, inputs, scalars, instructions: steps.map(([op, ...args]) => ({ op, args })), outputs: [output] };
}
const identities = new Map(dtypes.map(dtype => [dtype, program(dtype, 1, 0, [], 0)] as const));

/** Reduces on the backend to a shape, into the middle of a storage. */
function reduce(
  op: ReduceOp,
  p: Program,
  inputs: readonly Strided[],
  kept: readonly number[],
  dtype: DType,
  scalars: readonly number[] = [],
): TypedArray {
  const length = product(kept);
  const target: Strided = { ...strided(dtype, { shape: kept }, 1), offset: 1, data: typedArray(dtype, length + 2) };
  const output = upload(backend, target);
  const views = inputs.map(x => upload(backend, x));
  backend.reduce(op, p, views, scalars, inputs[0]!.shape, output);
  const all = download(backend, output, target);
  for (const { storage } of [...views, output]) backend.release(storage);
  expect([all[0], all[length + 1]], 'written past the output').toEqual([0, 0]);
  return all.slice(1, length + 1);
}

/** The elements that go into each result, in order. */
function groups(x: Strided, kept: readonly number[]): number[][] {
  const result: number[][] = Array.from({ length: product(kept) }, () => []);
  forEachPosition(x.shape, position => {
    let at = 0;
    for (let d = kept.length - 1; d >= 0; d--) at = at * kept[d]! + (kept[d] === x.shape[d] ? position[d]! : 0);
    result[at]!.push(x.data[placeOf(x, position)]!);
  });
  return result;
}

/** What a reduction of numbers is; of whole ones exactly. */
function combine(op: ReduceOp, x: readonly number[], whole: boolean): number {
  switch (op) {
    case 'sum':
      return whole ? x.reduce((a, b) => (a + b) | 0, 0) : x.reduce((a, b) => a + b, 0);
    case 'prod':
      return whole ? x.reduce((a, b) => Math.imul(a, b), 1) : x.reduce((a, b) => a * b, 1);
    case 'max':
      return x.reduce((a, b) => Math.max(a, b), whole ? -(2 ** 31) : Number.NEGATIVE_INFINITY);
    case 'min':
      return x.reduce((a, b) => Math.min(a, b), whole ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY);
    default: {
      const nan = x.findIndex(Number.isNaN);
      const best = op === 'argmax' ? Math.max(...x) : Math.min(...x);
      return nan >= 0 ? nan : x.indexOf(best);
    }
  }
}

function check(op: ReduceOp, x: Strided, kept: readonly number[]): void {
  const { dtype } = x;
  const position = op === 'argmax' || op === 'argmin';
  if (position && kept.filter((n, d) => n !== x.shape[d]).length > 1) return;
  const type = position ? 'int32' : dtype;
  const actual = reduce(op, identities.get(dtype as 'float32')!, [x], kept, type);
  const results = Float64Array.from(groups(x, kept), list => combine(op, list, !isFloat(dtype)));
  const expected = rounded(type, dtype === 'bool' && !position ? results.map(v => Number(v !== 0)) : results);
  const near = isFloat(dtype) && (op === 'sum' || op === 'prod');
  const relative = { bfloat16: 4e-3, float16: 5e-4, float32: 6e-8, float64: op === 'sum' ? 3e-15 : 1e-12 }[dtype as string] ?? 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const close = near && (a === e || Math.abs(a - results[i]!) <= relative * Math.max(Math.abs(e), 1e-3));
    if (!close && !Object.is(a, e)) expect.fail(`${op} of [${x.shape}] to [${kept}], strides ${x.strides}: ${a} at ${i}, expected ${e}`);
  }
}

/** A layout with elements that a reduction of any length keeps in range. */
function input(op: ReduceOp, dtype: DType, layout: Layout): Strided {
  const x = strided(dtype, layout, op.length + 3);
  const data = x.data.map((v, i) => {
    if (dtype === 'bool') return v;
    const finite = Number.isFinite(v) ? v : 1;
    if (op === 'prod') return isFloat(dtype) ? 1 + finite / 4000 : i % 40 === 7 ? 3 : 1;
    return isFloat(dtype) && op === 'sum' ? finite + 12 : finite;
  });
  return { ...x, data: rounded(dtype, Float64Array.from(data)) };
}

/** Shapes that are kept: all subsets of the dimensions. */
function subsets(shape: readonly number[]): number[][] {
  return Array.from({ length: 2 ** shape.length }, (_, mask) => shape.map((n, d) => (mask & (1 << d) ? 1 : n)));
}

describe.each(dtypes)('reductions of %s', dtype => {
  it.each(ops)('%s over every subset of dimensions', op => {
    const shapes = [[1], [7], [5, 4], [3, 1, 4], [2, 3, 4, 5], [33, 2, 9]];
    for (const shape of shapes) {
      for (const kept of subsets(shape)) check(op, input(op, dtype, { shape }), kept);
    }
    const views: Layout[] = [
      { shape: [6, 5], strides: [5, 1] },
      { shape: [6, 5], strides: [-1, 6], offset: 5 },
      { shape: [6, 5], strides: [3, 20], offset: 2 },
      { shape: [6, 5], strides: [0, 1] },
      { shape: [6, 5], strides: [1, 0] },
      { shape: [6, 5], strides: [0, 0], offset: 3 },
      { shape: [3, 4, 5], strides: [20, 5, 1] },
      { shape: [3, 4, 5], strides: [4, 1, 12] },
      { shape: [3, 4, 5], strides: [1, 15, 3] },
    ];
    for (const layout of views) for (const kept of subsets(layout.shape)) check(op, input(op, dtype, layout), kept);
  });
});

// Lengths around those from which more threads share an output.
const lengths = [2, 3, 5, 9, 17, 31, 33, 63, 65, 127, 129, 257, 511, 513, 1100];

describe.each(ops)('%s', op => {
  it('over lengths around the numbers of threads', () => {
    for (const n of lengths) {
      check(op, input(op, 'float32', { shape: [n, 3] }), [1, 3]);
      check(op, input(op, 'float64', { shape: [3, n] }), [3, 1]);
      check(op, input(op, 'int32', { shape: [40, n] }), [40, 1]);
    }
    check(op, input(op, 'float16', { shape: [300, 15] }), [300, 1]);
    check(op, input(op, 'bfloat16', { shape: [300, 15] }), [300, 1]);
    check(op, input(op, 'float64', { shape: [4, 2200] }), [1, 2200]);
  });
  it('in segments that are combined', () => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      check(op, input(op, dtype, { shape: [9001] }), [1]);
      check(op, input(op, dtype, { shape: [9001, 2] }), [1, 2]);
      check(op, input(op, dtype, { shape: [5, 9001] }), [5, 1]);
      check(op, input(op, dtype, { shape: [4, 3, 1501] }), [1, 3, 1]);
    }
  });
  it('of special numbers', () => {
    if (op === 'sum' || op === 'prod') {
      for (const [n, m] of [[3, 90] as const, [40, 20] as const, [600, 3] as const]) {
        for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
          const x = strided(dtype, { shape: [n, m] }, n);
          for (const kept of [
            [1, m],
            [n, 1],
          ]) {
            const actual = reduce(op, identities.get(dtype)!, [x], kept, dtype);
            const infinite = (v: number): number => (Number.isFinite(v) ? 0 : v);
            const expected = groups(x, kept).map(list => rounded(dtype, Float64Array.of(combine(op, list, false)))[0]!);
            expect(Array.from(actual, infinite)).toEqual(expected.map(infinite));
          }
        }
      }
      return;
    }
    for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
      for (const shape of [[3, 90], [40, 20], [600, 3], [9001]]) {
        const x = strided(dtype, { shape }, shape.length);
        for (const kept of subsets(shape)) check(op, x, kept);
        const zeros = { ...x, data: x.data.map((_, i) => ((i * 7919) % 13 === 5 ? 0 : -0)) };
        for (const kept of subsets(shape)) check(op, zeros, kept);
      }
    }
  });
});

it.each(dtypes)('gives what nothing combines to: %s', dtype => {
  const x: Strided = { dtype, shape: [3, 0, 2], strides: [1, 3, 0], offset: 0, data: typedArray(dtype, 8) };
  const infinite = isFloat(dtype) ? Number.POSITIVE_INFINITY : 0;
  for (const [op, value] of [['sum', 0] as const, ['prod', 1] as const, ['max', -infinite] as const, ['min', infinite] as const]) {
    for (const kept of [
      [3, 1, 2],
      [1, 1, 1],
      [3, 1, 1],
      [3, 0, 1],
    ])
      expect([...reduce(op, identities.get(dtype)!, [x], kept, dtype)].map(v => v + 0)).toEqual(Array(product(kept)).fill(value + 0));
  }
});

describe('programs', () => {
  const squares = program(
    'float32',
    2,
    1,
    [
      ['sub', 0, 1],
      ['abs2', 3],
      ['mul', 4, 2],
    ],
    5,
  );

  it('are reduced with the bits of the stored elements', () => {
    for (const shape of [[10, 100], [700, 9], [3000], [4, 5, 6, 7], [20, 2, 330]]) {
      for (const turned of [false, true]) {
        const strides = shape.map((_, d) => (turned ? product(shape.slice(d + 1)) : product(shape.slice(0, d))));
        const rows = shape.map((_, d) => (d === 0 ? 1 : 0));
        const inputs = [input('sum', 'float32', { shape, strides }), input('max', 'float32', { shape, strides: rows })];
        const stored = strided('float32', { shape }, 3);
        const target = upload(backend, stored);
        backend.map(
          squares,
          inputs.map(x => upload(backend, x)),
          [0.7],
          [target],
        );
        const elements = { ...stored, data: download(backend, target, stored) };
        for (const kept of subsets(shape)) {
          for (const op of ['sum', 'max'] as const) {
            const actual = reduce(op, squares, inputs, kept, 'float32', [0.7]);
            const expected = reduce(op, identities.get('float32')!, [elements], kept, 'float32');
            if (op === 'max') expectSame(actual, expected);
            else
              expect(
                expected.every((e, i) => Math.abs(actual[i]! - e) <= 1.2e-7 * e),
                `to [${kept}]`,
              ).toBe(true);
          }
        }
      }
    }
  });

  it.each(dtypes)('of more than 8 registers: %s', dtype => {
    const steps = Array.from({ length: 11 }, (_, k) => ['add', k === 0 ? 0 : 11 + k, k + 1] as const);
    const p = program(dtype, 12, 0, steps, 22);
    const inputs = Array.from({ length: 12 }, (_, k) => {
      const x = strided(dtype, { shape: [37, 11], strides: k % 3 === 0 ? [11, 1] : [1, 37] }, k);
      return { ...x, data: x.data.map((_v, i) => (dtype === 'bool' ? Number((i + k) % 31 === 0) : (i + k) % 5)) };
    });
    for (const kept of subsets([37, 11])) {
      const expected = Array.from({ length: product(kept) }, () => 0);
      const lists = inputs.map(x => groups(x, kept));
      expected.forEach((_, i) => {
        const sums = lists[0]![i]!.map((_v, j) => lists.reduce((sum, list) => sum + list[i]![j]!, 0));
        expected[i] = Math.max(...(dtype === 'bool' ? sums.map(v => Math.min(v, 1)) : sums));
      });
      expect([...reduce('max', p, inputs, kept, dtype)]).toEqual(expected);
    }
  });

  it('read inputs of other types, and write results of other types', () => {
    const p = program('int32', 2, 0, [['add', 0, 1]], 2);
    const bytes: Strided = { ...strided('uint8', { shape: [700] }, 1), data: new Uint8Array(707).fill(250) };
    const truths: Strided = { ...strided('bool', { shape: [700] }, 1), data: new Uint8Array(707).fill(1) };
    for (const type of ['int32', 'float32', 'float64'] as const)
      expect([...reduce('sum', p, [bytes, truths], [1], type)]).toEqual([251 * 700]);
    expect([...reduce('sum', p, [bytes, truths], [1], 'uint8')]).toEqual([(251 * 700) % 256]);
    expect([...reduce('sum', program('float32', 1, 0, [], 0), [truths], [1], 'float32')]).toEqual([700]);
  });

  it('may be a number alone', () => {
    const x = strided('float32', { shape: [30, 4] }, 2);
    expect([...reduce('sum', program('float32', 1, 1, [], 1), [x], [1, 4], 'float32', [0.25])]).toEqual([7.5, 7.5, 7.5, 7.5]);
  });
});

describe('sums', () => {
  it('lose no accuracy with size', () => {
    const n = 200_000;
    for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) {
      const data = rounded(dtype, new Float64Array(n).fill(0.1));
      for (const [shape, kept] of [
        [
          [10, n / 10],
          [10, 1],
        ],
        [[n], [1]],
      ] as const) {
        const x: Strided = { ...strided(dtype, { shape }, 1), data };
        const expected = (data[0]! * n) / product(kept);
        for (const s of reduce('sum', identities.get(dtype)!, [x], kept, isHalf(dtype) ? 'float32' : dtype))
          expect(Math.abs(s / expected - 1)).toBeLessThanOrEqual(dtype === 'float64' ? 4e-16 : 6e-8);
      }
    }
  });
  it('keep what large numbers that cancel would swallow', () => {
    const data = Float32Array.from({ length: 3000 }, (_, i) => [1e8, 1, -1e8][i % 3]!);
    for (const [shape, kept] of [
      [[3000], [1]],
      [
        [3, 1000],
        [1, 1],
      ],
      [
        [30, 100],
        [30, 1],
      ],
    ] as const) {
      const x: Strided = { ...strided('float32', { shape }, 1), data };
      const expected = groups(x, kept).map(list => combine('sum', list, false));
      expect([...reduce('sum', identities.get('float32')!, [x], kept, 'float32')]).toEqual(expected.map(Math.fround));
    }
  });
  it('of int32 wrap around', () => {
    const x: Strided = { ...strided('int32', { shape: [4] }, 1), data: Int32Array.of(2 ** 31 - 1, 2 ** 31 - 1, 5, -7) };
    expect([...reduce('sum', identities.get('int32')!, [x], [1], 'int32')]).toEqual([-4]);
    expect([...reduce('prod', identities.get('int32')!, [x], [1], 'int32')]).toEqual([-35]);
    expect([...reduce('sum', identities.get('int32')!, [x], [1], 'float64')]).toEqual([2 ** 32 - 4]);
  });
});
