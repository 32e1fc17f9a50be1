import { type DType, type ReduceOp, type TypedArray, typedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { firstDifference, type HostView, hostView, layouts, native, plain, program, random, upload } from './both-backends.js';

const dtypes = ['float32', 'float64', 'int32', 'uint8', 'bool'] as const;
const ops: readonly ReduceOp[] = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];
const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64';

function reduce(
  backend: typeof native | typeof plain,
  op: ReduceOp,
  p: ReturnType<typeof program>,
  inputs: readonly HostView[],
  kept: readonly number[],
  dtype: DType,
  scalars: readonly number[] = [],
): TypedArray {
  const length = kept.reduce((a, b) => a * b, 1);
  let step = 1;
  const strides = kept.map(n => {
    step *= n;
    return step / n;
  });
  const output = upload(backend, { data: typedArray(dtype, length + 2), dtype, shape: kept, strides, offset: 1 });
  backend.reduce(
    op,
    p,
    inputs.map(x => upload(backend, x)),
    scalars,
    inputs[0]!.shape,
    output,
  );
  const all = backend.readSync!(output.storage, dtype, 0, length + 2);
  expect([all[0], all[length + 1]], 'written past the output').toEqual([0, 0]);
  return all.slice(1, length + 1);
}

/** All subsets of the dimensions, as the shape that is kept. */
function subsets(shape: readonly number[]): number[][] {
  return Array.from({ length: 2 ** shape.length }, (_, mask) => shape.map((n, d) => (mask & (1 << d) ? 1 : n)));
}

function compare(op: ReduceOp, dtype: DType, actual: TypedArray, expected: TypedArray, size: number, what: string): void {
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e)) continue;
    const close = isFloat(dtype) && (op === 'sum' || op === 'prod');
    const relative = dtype === 'float32' ? 1.2e-7 : op === 'prod' ? 1e-12 : 1e-15 * size;
    const tolerance = relative * Math.max(1, Math.abs(e));
    expect(close && Math.abs(a - e) <= tolerance, `${what}, result ${i}: ${a} instead of ${e}`).toBe(true);
  }
}

const shapes = [
  [1],
  [7],
  [16],
  [31],
  [1025],
  [5, 4],
  [10, 100],
  [100, 10],
  [3, 1, 4],
  [2, 3, 4, 5],
  [33, 2, 17],
  [1100, 3],
  [3, 1100],
  [24, 2, 20, 3],
];

describe.each(dtypes)('%s', dtype => {
  const identity = program(dtype, 1, 0, [], [0]);
  const next = random(5);
  const element =
    (op: ReduceOp) =>
    (i: number): number => {
      if (dtype === 'bool') return Number(next() < 0.7);
      if (op !== 'prod') return next() * 200 - 80;
      // The products of bytes stay below 2^53, from where the plain backend loses their low bits.
      return isFloat(dtype) ? 0.9 + next() * 0.2 : dtype === 'int32' ? 1 + (next() * 3) ** 2 : i % 300 === 7 ? 2 : 1;
    };
  it.each(ops)('%s over every subset of dimensions', op => {
    const type = op.startsWith('arg') ? 'int32' : dtype;
    for (const shape of shapes) {
      for (const layout of shape.length > 2 ? (['contiguous', 'permuted', 'column'] as const) : layouts) {
        const x = hostView(dtype, shape, layout, element(op));
        for (const kept of subsets(shape)) {
          // A position is one along a single dimension.
          if (type === 'int32' && op.startsWith('arg') && kept.filter((n, d) => n !== shape[d]).length > 1) continue;
          const [actual, expected] = [native, plain].map(b => reduce(b, op, identity, [x], kept, type));
          compare(op, type, actual!, expected!, 10, `[${shape}] to [${kept}], ${layout}`);
        }
      }
    }
  });
  it('nothing', () => {
    for (const op of ['sum', 'prod', 'max', 'min'] as const) {
      const x = hostView(dtype, [3, 0, 2], 'contiguous', () => 1);
      for (const kept of [
        [3, 1, 2],
        [1, 1, 1],
        [3, 1, 1],
        [3, 0, 1],
      ]) {
        const [actual, expected] = [native, plain].map(b => reduce(b, op, identity, [x], kept, dtype));
        expect([...actual!], `${op} to [${kept}]`).toEqual([...expected!]);
      }
    }
  });
});

it.each(ops)('%s of special numbers', op => {
  const some = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, 2];
  const next = random(9);
  for (const dtype of ['float32', 'float64'] as const) {
    for (const n of [2, 3, 9, 17, 40, 100]) {
      for (const seldom of [0.02, 0.5, 1]) {
        const x = hostView(dtype, [n, 50], 'contiguous', () => (next() < seldom ? some[Math.floor(next() * 7)]! : 1.5));
        const zeros = hostView(dtype, [n, 50], 'contiguous', () => (next() < 0.9 ? -0 : 0));
        for (const view of [x, zeros]) {
          for (const kept of [
            [1, 50],
            [n, 1],
          ]) {
            const type = op.startsWith('arg') ? 'int32' : dtype;
            const [actual, expected] = [native, plain].map(b => reduce(b, op, program(dtype, 1, 0, [], [0]), [view], kept, type));
            // A sum of zeros may have either sign, and products are formed in another order.
            const near = (v: number, e: number): boolean =>
              v === e || (Number.isNaN(v) && Number.isNaN(e)) || (op === 'prod' && Math.abs(v / e - 1) < 1e-6);
            const same =
              op === 'sum' || op === 'prod'
                ? [...actual!].every((v, i) => near(v, expected![i]!))
                : firstDifference(actual!, expected!) < 0;
            expect(same, `${op} of [${n}, 50] to [${kept}]: ${actual} instead of ${expected}`).toBe(true);
          }
        }
      }
    }
  }
});

it('reduces what a program computes, with the bits of the stored elements', () => {
  const next = random(3);
  const p = program(
    'float32',
    2,
    1,
    [
      ['sub', 0, 1],
      ['exp', 3],
      ['mul', 4, 2],
    ],
    [5],
  );
  for (const shape of [[10, 100], [64, 100], [3000], [700, 40], [24, 24, 20, 10], [5, 3]]) {
    for (const layout of ['contiguous', 'permuted'] as const) {
      for (const b of ['contiguous', 'row', 'column', 'one'] as const) {
        const inputs = [hostView('float32', shape, layout, () => next()), hostView('float32', shape, b, () => next())];
        const target = upload(
          native,
          hostView('float32', shape, 'contiguous', () => 0),
        );
        native.map(
          p,
          inputs.map(x => upload(native, x)),
          [0.7],
          [target],
        );
        const size = shape.reduce((n, m) => n * m, 1);
        const stored: HostView = { ...target, data: native.readSync(target.storage, 'float32', 0, size) };
        for (const kept of subsets(shape)) {
          for (const op of ['sum', 'max'] as const) {
            const actual = reduce(native, op, p, inputs, kept, 'float32', [0.7]);
            expect(firstDifference(actual, reduce(native, op, program('float32', 1, 0, [], [0]), [stored], kept, 'float32'))).toBe(-1);
          }
        }
      }
    }
  }
});

it('gives the same bits whatever the number of threads', () => {
  const next = random(4);
  const before = native.threads;
  try {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      for (const shape of [[1_000_003], [10, 100_000], [100_000, 10], [40, 50, 400]]) {
        const x = hostView(dtype, shape, 'contiguous', () => next() * 10 - 3);
        for (const kept of subsets(shape)) {
          for (const op of ['sum', 'max', 'prod'] as const) {
            const results = [1, 2, 3].map(threads => {
              native.threads = threads;
              return reduce(native, op, program(dtype, 1, 0, [], [0]), [x], kept, dtype);
            });
            for (const result of results) expect(firstDifference(result, results[0]!)).toBe(-1);
            if (op !== 'prod')
              compare(
                op,
                dtype,
                results[0]!,
                reduce(plain, op, program(dtype, 1, 0, [], [0]), [x], kept, dtype),
                100,
                `${op} [${shape}] to [${kept}]`,
              );
          }
        }
      }
    }
  } finally {
    native.threads = before;
  }
});

it('loses no accuracy with size', () => {
  const n = 3_000_000;
  for (const dtype of ['float32', 'float64'] as const) {
    const x = hostView(dtype, [10, n / 10], 'contiguous', () => 0.1);
    const tenth = x.data[0]!;
    for (const kept of [
      [1, 1],
      [10, 1],
    ]) {
      const sums = reduce(native, 'sum', program(dtype, 1, 0, [], [0]), [x], kept, dtype);
      const expected = (tenth * n) / sums.length;
      for (const s of sums) expect(Math.abs(s / expected - 1)).toBeLessThanOrEqual(dtype === 'float32' ? 6e-8 : 4e-15);
    }
  }
});
