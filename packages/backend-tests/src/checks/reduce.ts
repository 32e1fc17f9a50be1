/** Reductions over every subset of dimensions, against loops on the host. */
import * as knet from '@knet/knetarray';
import { type DType, isFloat, type KnetArray, type TypedArray, typedArray } from '@knet/knetarray';
import { assert, exact, expectArray, type Tolerance } from '../compare.js';
import { count, type HostArray, host, indexOf, layouts, positionOf, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';

/** A reduction and its oracle over the elements of one slice. */
interface ReductionCase {
  readonly name: string;
  readonly run: (x: KnetArray, options: { dims?: number | readonly number[] }) => KnetArray;
  readonly f: (elements: readonly number[]) => number;
  /** Dtype of the result. */
  readonly type?: (dtype: DType) => DType;
  readonly factor?: number;
  readonly floatsOnly?: boolean;
  /** Left out for halves: intermediate values may lie outside of their range. */
  readonly notHalves?: boolean;
  /** Range of the elements; default [-4, 4]. */
  readonly range?: readonly [number, number];
  /** Whether a slice without elements has a result. */
  readonly empty?: boolean;
}

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
const isNan = Number.isNaN;
const widened = (dtype: DType): DType => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const add = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
const largest = (x: readonly number[]): number => x.reduce((a, b) => (isNan(a) || isNan(b) ? nan : Math.max(b, a)), -inf);
const smallest = (x: readonly number[]): number => x.reduce((a, b) => (isNan(a) || isNan(b) ? nan : Math.min(b, a)), inf);
const meanOf = (x: readonly number[]): number => add(x) / x.length;
const spread = (x: readonly number[], n: number): number => {
  const center = meanOf(x);
  return add(x.map(v => (v - center) ** 2)) / n;
};
const bit = (b: boolean): number => (b ? 1 : 0);

/** The reductions. */
const cases: readonly ReductionCase[] = [
  { name: 'sum', run: knet.sum, f: add, type: widened, empty: true, factor: 4 },
  { name: 'prod', run: knet.prod, f: x => x.reduce((a, b) => a * b, 1), type: widened, range: [0.7, 1.4], empty: true, factor: 4 },
  { name: 'maximum', run: knet.maximum, f: largest, empty: true },
  { name: 'minimum', run: knet.minimum, f: smallest, empty: true },
  { name: 'mean', run: knet.mean, f: meanOf, floatsOnly: true, empty: true, factor: 4 },
  { name: 'var', run: knet.variance, f: x => spread(x, x.length - 1), floatsOnly: true, factor: 8 },
  { name: 'var', run: (x, o) => knet.variance(x, { ...o, corrected: false }), f: x => spread(x, x.length), floatsOnly: true, factor: 8 },
  { name: 'std', run: knet.std, f: x => Math.sqrt(spread(x, x.length - 1)), floatsOnly: true, factor: 8 },
  { name: 'sumabs', run: knet.sumabs, f: x => add(x.map(Math.abs)), type: widened, empty: true, factor: 4 },
  { name: 'sumabs2', run: knet.sumabs2, f: x => add(x.map(v => v * v)), type: widened, empty: true, factor: 4 },
  { name: 'maxabs', run: knet.maxabs, f: x => largest(x.map(Math.abs)) },
  { name: 'minabs', run: knet.minabs, f: x => smallest(x.map(Math.abs)) },
  { name: 'countnz', run: knet.countnz, f: x => add(x.map(v => bit(v !== 0))), type: widened, empty: true },
  { name: 'any', run: knet.any, f: x => bit(x.some(v => v !== 0)), empty: true },
  { name: 'all', run: knet.all, f: x => bit(x.every(v => v !== 0)), empty: true },
  { name: 'logsumexp', run: knet.logsumexp, f: x => logSumExp(x), floatsOnly: true, empty: true, factor: 4 },
  { name: 'norm', run: (x, o) => knet.norm(x, 2, o), f: x => Math.sqrt(add(x.map(v => v * v))), floatsOnly: true, factor: 4 },
  { name: 'norm', run: (x, o) => knet.norm(x, 1, o), f: x => add(x.map(Math.abs)), floatsOnly: true, factor: 4 },
  {
    name: 'norm',
    run: (x, o) => knet.norm(x, 3, o),
    f: x => add(x.map(v => Math.abs(v) ** 3)) ** (1 / 3),
    floatsOnly: true,
    notHalves: true,
    factor: 16,
  },
  { name: 'norm', run: (x, o) => knet.norm(x, 0, o), f: x => add(x.map(v => bit(v !== 0))), floatsOnly: true },
  { name: 'norm', run: (x, o) => knet.norm(x, inf, o), f: x => largest(x.map(Math.abs)), floatsOnly: true },
  { name: 'norm', run: (x, o) => knet.norm(x, -inf, o), f: x => smallest(x.map(Math.abs)), floatsOnly: true },
];

function logSumExp(x: readonly number[]): number {
  const top = largest(x);
  return Number.isFinite(top) ? top + Math.log(add(x.map(v => Math.exp(v - top)))) : top;
}

/** All subsets of the dimensions of a rank. */
function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank }, (_, mask) => Array.from({ length: rank }, (_d, d) => d).filter(d => mask & (1 << d)));
}

/** Reduces on the host; `dims` undefined reduces everything to a 0-d array. */
function reduceHost(
  x: HostArray,
  dims: readonly number[] | undefined,
  dtype: DType,
  f: (elements: readonly number[]) => number,
): HostArray {
  const over = dims ?? x.shape.map((_, d) => d);
  const kept = x.shape.map((n, d) => (over.includes(d) ? 1 : n));
  const slices: number[][] = Array.from({ length: count(kept) }, () => []);
  for (let i = 0; i < x.data.length; i++) slices[indexOf(positionOf(i, x.shape), kept)]!.push(x.data[i]!);
  return host(dtype, dims === undefined ? [] : kept, slices.map(f));
}

const shapes: readonly (readonly number[])[] = [[], [1], [7], [5, 4], [3, 1, 4], [2, 3, 2, 1, 3], [130, 9], [9, 130]];
const long: readonly (readonly number[])[] = [[1023], [1025], [4097], [1025, 3], [3, 1025]];

/** Registers the tests. */
export function checkReductions(suite: Suite): void {
  suite.group('reductions', () => {
    for (const name of new Set(cases.map(c => c.name))) {
      for (const dtype of suite.dtypes) {
        const mine = cases.filter(
          c => c.name === name && (isFloat(dtype) || c.floatsOnly !== true) && (dtype !== 'float16' || c.notHalves !== true),
        );
        if (mine.length === 0) continue;
        suite.test(name, dtype, async () => {
          for (const c of mine) await checkReduction(suite, c, dtype);
        });
      }
    }
    for (const dtype of suite.dtypes) {
      suite.test('argmax', dtype, () => checkPosition(knet.argmax, dtype, (a, b) => a > b));
      suite.test('argmin', dtype, () => checkPosition(knet.argmin, dtype, (a, b) => a < b));
    }
    for (const dtype of suite.floats) {
      suite.test('sum', dtype, () => checkAccuracy(suite, dtype), 'accuracy');
    }
  });
}

async function checkReduction(suite: Suite, c: ReductionCase, dtype: DType): Promise<void> {
  const type = c.type?.(dtype) ?? dtype;
  const tolerance: Tolerance = isFloat(type) ? suite.tolerance(c.name, type, c.factor ?? 1) : exact;
  const [low, high] = c.range ?? [-4, 4];
  const check = async (x: HostArray, dims: readonly number[] | undefined, layout: (typeof layouts)[number]): Promise<void> => {
    const actual = c.run(upload(x, layout), dims === undefined ? {} : { dims });
    await expectArray(actual, reduceHost(x, dims, type, c.f), tolerance, `${c.name} of [${x.shape}] over ${dims ?? 'all'}, ${layout}`);
  };
  for (const shape of shapes) {
    const x = sample(dtype, shape, { low, high });
    // Many dimensions have many subsets: the hardest layout is enough for them.
    const used = shape.length > 3 ? (['permuted'] as const) : layouts;
    for (const layout of used) for (const dims of [undefined, ...subsets(shape.length)]) await check(x, dims, layout);
  }
  for (const shape of long) {
    const x = sample(dtype, shape, { low, high });
    for (const dims of [undefined, ...subsets(shape.length)]) await check(x, dims, 'contiguous');
  }
  if (c.empty === true) await checkEmpty(c, dtype, type, tolerance);
  const x = sample(dtype, [3, 4], { low, high });
  await expectArray(c.run(upload(x), { dims: -1 }), reduceHost(x, [1], type, c.f), tolerance, `${c.name} with a negative dimension`);
  if (isFloat(dtype) && c.name !== 'prod' && c.name !== 'var' && c.name !== 'std') {
    const s = host(dtype, [3, 4], [1, nan, 2, inf, 1, 0, -inf, 0, -0, 1, 2, 3]);
    for (const dims of [undefined, [0], [1]]) await check(s, dims, 'permuted');
  }
  // The reduction consumes a pending program.
  const a = sample(dtype, [65, 5], { low, high });
  const b = sample(dtype, [1, 5], { low, high, seed: 9 });
  const pending = (u: KnetArray, v: KnetArray): KnetArray => knet.max(u, v);
  const host2 = host(dtype, a.shape, p => Math.max(a.data[p[0]! + 65 * p[1]!]!, b.data[p[1]!]!));
  for (const dims of [undefined, [0], [1]])
    await expectArray(
      c.run(pending(upload(a), upload(b)), dims === undefined ? {} : { dims }),
      reduceHost(host2, dims, type, c.f),
      tolerance,
      `${c.name} of a pending maximum over ${dims ?? 'all'}`,
    );
}

/** Slices without elements: the neutral element of the type. */
async function checkEmpty(c: ReductionCase, dtype: DType, type: DType, tolerance: Tolerance): Promise<void> {
  const x = host(dtype, [3, 0, 2], []);
  const range = isFloat(dtype) ? [-inf, inf] : dtype === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, dtype === 'bool' ? 1 : 255];
  const neutral = (elements: readonly number[]): number => {
    if (c.name === 'maximum') return range[0]!;
    return c.name === 'minimum' ? range[1]! : c.f(elements);
  };
  for (const dims of [undefined, [1], [0], [0, 1], [2]]) {
    const actual = c.run(upload(x), dims === undefined ? {} : { dims });
    await expectArray(actual, reduceHost(x, dims, type, neutral), tolerance, `${c.name} of [3, 0, 2] over ${dims ?? 'all'}`);
  }
}

async function checkPosition(run: typeof knet.argmax, dtype: DType, better: (a: number, b: number) => boolean): Promise<void> {
  const first = (elements: readonly number[]): number => {
    let best = 0;
    elements.forEach((x, i) => {
      const top = elements[best]!;
      if (!Number.isNaN(top) && (Number.isNaN(x) || better(x, top))) best = i;
    });
    return best;
  };
  const special = isFloat(dtype)
    ? [host(dtype, [2, 3], [1, nan, 3, 2, nan, 2]), host(dtype, [3], [-inf, -inf, -inf]), host(dtype, [2], [0, -0])]
    : [];
  const hosts = [[1], [7], [5, 4], [4, 1, 3], [2, 3, 2, 1, 3], [1025], [130, 9], [3, 1025]].map(s =>
    sample(dtype, s, { low: -3, high: 3 }),
  );
  for (const x of [...hosts, ...special]) {
    for (const layout of layouts) {
      const a = upload(x, layout);
      await expectArray(run(a), reduceHost(x, undefined, 'int32', first), exact, `position in [${x.shape}], ${layout}`);
      for (let dims = 0; dims < x.shape.length; dims++)
        await expectArray(
          run(a, { dims }),
          reduceHost(x, [dims], 'int32', first),
          exact,
          `position in [${x.shape}] along ${dims}, ${layout}`,
        );
    }
  }
}

/** Sums lose no accuracy with size: a million tenths, and a sum with a large first element. */
async function checkAccuracy(suite: Suite, dtype: DType): Promise<void> {
  const n = 1_000_000;
  const tenths: TypedArray = typedArray(dtype, n).fill(0.1);
  const x = knet.array(tenths, { shape: [n / 10, 10] });
  const expected = tenths[0]! * n;
  const { relative } = suite.tolerance('sum', dtype);
  const all = await x.sum().item();
  assert(Math.abs(all - expected) <= relative * expected, `sum of ${n} tenths is ${all}, expected ${expected}`);
  for (const v of await x.sum({ dims: 0 }).data()) {
    assert(Math.abs(v - expected / 10) <= (relative * expected) / 10, `sum of ${n / 10} tenths is ${v}, expected ${expected / 10}`);
  }
}
