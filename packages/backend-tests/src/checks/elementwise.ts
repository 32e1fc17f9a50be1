/** Elementwise functions: values, special numbers, dtypes, broadcasting, memory layouts, fused programs. */
import { type DType, isFloat, type KnetArray, opNames, setImmediateMode } from '@knet/knetarray';
import { assert, exact, expectArray } from '../compare.js';
import { count, type HostArray, host, layouts, sample, upload } from '../host.js';
import { type OperationCase, operationCases } from '../oracles/operations.js';
import type { Suite } from '../suite.js';
import { elementwise, functionOf } from './functions.js';

/** Shapes around the block sizes of kernels, of length 1, without elements, and with many dimensions. */
const oddShapes: readonly (readonly number[])[] = [[], [1], [0], [3, 0, 2], [7], [1023], [1025], [4097], [2, 3, 2, 1, 5], [33, 31]];

/** Pairs of shapes that broadcast in every way: scalars, rows, columns, both at once, missing dimensions. */
const broadcasts: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[5, 4], []],
  [[5, 4], [1]],
  [[5, 4], [5]],
  [
    [5, 4],
    [1, 4],
  ],
  [
    [5, 1],
    [1, 4],
  ],
  [[5], [1, 4]],
  [
    [2, 3, 4],
    [1, 3],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [
    [2, 3, 1, 5, 2],
    [1, 3, 4, 1, 2],
  ],
  [
    [130, 9],
    [130, 1],
  ],
  [
    [130, 9],
    [1, 9],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [[0, 3], []],
];

/** The dtype of a result by the rule of the library. */
function resultType(c: OperationCase, dtype: DType): DType {
  if (isFloat(dtype)) return dtype;
  if (c.whole !== true) return 'float32';
  return c.widens === true ? 'int32' : dtype;
}

function arguments_(c: OperationCase, dtype: DType, shapes: readonly (readonly number[])[]): HostArray[] {
  return c.ranges.map(([low, high], i) => sample(dtype, shapes[i]!, { low, high, seed: i + 3 }));
}

/** Whether a dtype can be tested with an operation: truth values lie outside of the domain of some functions of fractions. */
function applies(c: OperationCase, dtype: DType): boolean {
  return dtype !== 'bool' || c.whole === true;
}

/** Registers the tests. */
export function checkElementwise(suite: Suite): void {
  suite.group('elementwise', () => {
    for (const op of opNames) {
      const c = operationCases[op];
      for (const dtype of suite.dtypes) {
        if (!applies(c, dtype)) continue;
        suite.test(op, dtype, async () => {
          const f = functionOf(op);
          const result = resultType(c, dtype);
          const tolerance = c.exact === true && (op !== 'copy' || dtype !== 'bool') ? exact : suite.tolerance(op, result, c.factor ?? 1);
          for (const shape of oddShapes) {
            const args = arguments_(
              c,
              dtype,
              c.ranges.map(() => shape),
            );
            for (const layout of count(shape) < 100 ? layouts : (['contiguous'] as const)) {
              const actual = f(...args.map(x => upload(x, layout)));
              await expectArray(actual, elementwise(c.f, result, ...args), tolerance, `${op} of shape [${shape}], ${layout}`);
            }
          }
          if (isFloat(dtype)) await checkSpecial(op, c, dtype, suite);
        });
      }
    }
  });
  suite.group('broadcasting', () => {
    for (const dtype of suite.dtypes) {
      suite.test('broadcasting', dtype, () => checkBroadcasting(dtype));
    }
  });
  if (suite.dtypes.includes('int32')) suite.group('whole numbers', () => suite.test('overflow', 'int32', checkOverflow));
  suite.group('fusion', () => {
    for (const dtype of suite.floats) {
      suite.test('fusion', dtype, () => checkFusion(dtype));
    }
  });
}

/** Special numbers, alone and within a block long enough for vector kernels. */
async function checkSpecial(op: (typeof opNames)[number], c: OperationCase, dtype: DType, suite: Suite): Promise<void> {
  const rows = c.special ?? [];
  if (rows.length === 0) return;
  const tolerance = c.exact === true ? exact : suite.tolerance(op, dtype, c.factor ?? 1);
  for (const length of [rows.length, rows.length * 70]) {
    const args = c.ranges.map((_, k) => host(dtype, [length], (_p, i) => rows[i % rows.length]![k]!));
    const actual = functionOf(op)(...args.map(x => upload(x)));
    await expectArray(actual, elementwise(c.f, dtype, ...args), tolerance, `${op} of special numbers (${length})`);
  }
}

/** The dtype of a result when one operand is a number: the type has to hold it. */
function withNumber(dtype: DType, n: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(n)) return 'float32';
  if (dtype === 'int32') return dtype;
  return n < 0 || n > (dtype === 'bool' ? 1 : 255) ? 'int32' : dtype;
}

async function checkBroadcasting(dtype: DType): Promise<void> {
  for (const op of ['add', 'sub', 'max', 'gt'] as const) {
    const c = operationCases[op];
    const result = resultType(c, dtype);
    for (const [s, t] of broadcasts) {
      const a = sample(dtype, s, { seed: 1, low: -9, high: 9 });
      const b = sample(dtype, t, { seed: 2, low: -9, high: 9 });
      for (const layout of layouts) {
        for (const [x, y] of [
          [a, b],
          [b, a],
        ] as const) {
          const actual = functionOf(op)(upload(x, layout), upload(y, layout));
          await expectArray(actual, elementwise(c.f, result, x, y), exact, `${op} of [${x.shape}] and [${y.shape}], ${layout}`);
        }
      }
    }
    const a = sample(dtype, [3, 70], { seed: 5 });
    for (const n of [1, 2, 300, -3, 0.5]) {
      const type = withNumber(result, n);
      await expectArray(functionOf(op)(upload(a), n), elementwise(c.f, type, a, n), exact, `${op} with ${n}`);
      await expectArray(functionOf(op)(n, upload(a)), elementwise(c.f, type, n, a), exact, `${op} of ${n}`);
    }
  }
  const where = functionOf('where');
  const [x, y, z] = [sample(dtype, [4, 1], { seed: 3 }), sample(dtype, [1, 5], { seed: 4 }), sample(dtype, [4, 5, 2], { seed: 6 })];
  await expectArray(where(upload(x), upload(y), upload(z)), elementwise(operationCases.where.f, dtype, x, y, z), exact, 'where');
}

/** int32 wraps, as on every machine. */
async function checkOverflow(): Promise<void> {
  const a = host('int32', [4], [2147483647, -2147483648, 1234567891, 65537]);
  const b = host('int32', [4], [2147483645, -1, 987654321, 65537]);
  const wrap = (f: (x: number, y: number) => number): HostArray => host('int32', [4], (_, i) => f(a.data[i]!, b.data[i]!));
  await expectArray(
    upload(a).add(upload(b)),
    wrap((x, y) => (x + y) | 0),
    exact,
    'a sum of int32 that overflows',
  );
  await expectArray(
    upload(a).mul(upload(b)),
    wrap((x, y) => Math.imul(x, y)),
    exact,
    'a product of int32 that overflows',
  );
  await expectArray(
    upload(a).abs2(),
    wrap(x => Math.imul(x, x)),
    exact,
    'a square of int32 that overflows',
  );
  const total = (f: (x: number, y: number) => number): HostArray => host('int32', [], [Array.from(b.data).reduce((s, x) => f(s, x))]);
  await expectArray(
    upload(b).sum(),
    total((x, y) => (x + y) | 0),
    exact,
    'sum of int32 that overflows',
  );
  await expectArray(upload(b).prod(), total(Math.imul), exact, 'prod of int32 that overflows');
}

/** A chain longer than any program, with shared values, broadcasts, constants and views: fused and at once, the bits are the same. */
function chain(a: KnetArray, b: KnetArray, c: KnetArray): KnetArray[] {
  const shared = a.add(b).mul(0.5);
  let y = shared;
  const kept: KnetArray[] = [];
  for (let i = 0; i < 30; i++) {
    y = i % 3 === 0 ? y.mul(c).add(shared) : i % 3 === 1 ? y.sub(a).max(b) : y.abs().sqrt().mul(0.9);
    if (i % 10 === 9) kept.push(y);
  }
  const many = Array.from({ length: 14 }, (_, i) => a.mul(i + 1).reshape(...a.shape));
  const total = many.reduce((s, x) => s.add(x.neg()), y);
  return [...kept, shared.exp(), total, total.sum({ dims: 0 }), shared.mul(y).sum()];
}

async function checkFusion(dtype: DType): Promise<void> {
  for (const shape of [[5, 3], [1025], [33, 31], [0, 2]] as const) {
    const rank = shape.length;
    const row = shape.map((n, d) => (d === rank - 1 ? n : 1));
    const hosts = [
      sample(dtype, shape, { seed: 1 }),
      sample(dtype, row, { seed: 2 }),
      sample(dtype, [shape[0]], { seed: 3, low: 0.5, high: 1 }),
    ];
    const results: ArrayLike<number>[][] = [];
    for (const immediate of [false, true]) {
      setImmediateMode(immediate);
      const arrays = hosts.map(x => upload(x, 'permuted'));
      const outputs = chain(arrays[0]!, arrays[1]!, arrays[2]!);
      results.push([]);
      for (const y of outputs) results.at(-1)!.push(await y.data());
    }
    setImmediateMode(false);
    results[0]!.forEach((fused, k) => {
      const single = results[1]![k]!;
      for (let i = 0; i < fused.length; i++)
        assert(
          Object.is(fused[i], single[i]),
          `fusion: result ${k} of shape [${shape}], element ${i}: ${fused[i]} fused, ${single[i]} alone`,
        );
    });
  }
}
