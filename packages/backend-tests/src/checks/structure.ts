/** Functions that move elements: slices, joins, shapes, gather and scatter, casts, cumulative sums. All exact. */
import * as knet from '@knet/knetarray';
import { type DType, isFloat, type KnetArray, type Selector, span } from '@knet/knetarray';
import { exact, expectArray } from '../compare.js';
import { at, count, type HostArray, host, indexOf, type Layout, layouts, positionOf, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';

/** Runs a function over every layout of its arguments and compares with what the host gives. */
async function everyLayout(
  what: string,
  inputs: readonly HostArray[],
  run: (...x: KnetArray[]) => KnetArray,
  expected: HostArray,
  which: readonly Layout[] = layouts,
): Promise<void> {
  for (const layout of which) {
    await expectArray(run(...inputs.map(x => upload(x, layout))), expected, exact, `${what}, ${layout}`);
  }
}

/** Elements at the given positions of every dimension; a dropped dimension has one position. */
function pick(x: HostArray, positions: readonly (readonly number[])[], drop: readonly boolean[] = []): HostArray {
  const full = positions.map(p => p.length);
  const shape = full.filter((_, d) => drop[d] !== true);
  const data: number[] = [];
  for (let i = 0; i < count(full); i++)
    data.push(
      at(
        x,
        positionOf(i, full).map((p, d) => positions[d]![p]!),
      ),
    );
  return host(x.dtype, shape, data);
}

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

/** Selections of a `[5, 4, 3]` array with the positions they stand for. */
const selections: readonly { selectors: readonly Selector[]; positions: number[][]; drop?: boolean[] }[] = [
  { selectors: [], positions: [range(0, 5), range(0, 4), range(0, 3)] },
  { selectors: [':', ':', span(1, 3)], positions: [range(0, 5), range(0, 4), [1, 2]] },
  { selectors: [2], positions: [[2], range(0, 4), range(0, 3)], drop: [true] },
  { selectors: [':', -1], positions: [range(0, 5), [3], range(0, 3)], drop: [false, true] },
  { selectors: [4, 0, 2], positions: [[4], [0], [2]], drop: [true, true, true] },
  { selectors: [span(1, 5, 2)], positions: [[1, 3], range(0, 4), range(0, 3)] },
  { selectors: [span(4, undefined, -1), span(-3, -1)], positions: [[4, 3, 2, 1, 0], [1, 2], range(0, 3)] },
  { selectors: [span(3, 0, -2), ':', 1], positions: [[3, 1], range(0, 4), [1]], drop: [false, false, true] },
  { selectors: [span(2, 2)], positions: [[], range(0, 4), range(0, 3)] },
  { selectors: [[3, 0, 3, -1]], positions: [[3, 0, 3, 4], range(0, 4), range(0, 3)] },
  { selectors: [[1, 2], ':', [2, 0]], positions: [[1, 2], range(0, 4), [2, 0]] },
  { selectors: [':', [true, false, false, true], 0], positions: [range(0, 5), [0, 3], [0]], drop: [false, false, true] },
  { selectors: [[], 1], positions: [[], [1], range(0, 3)], drop: [false, true] },
];

/** Registers the tests. */
export function checkStructure(suite: Suite): void {
  suite.group('structure', () => {
    for (const dtype of suite.dtypes) {
      suite.test('slice', dtype, () => checkSlice(dtype));
      suite.test('set', dtype, () => checkSet(dtype));
      suite.test('shapes', dtype, () => checkShapes(dtype));
      suite.test('cat', dtype, () => checkJoins(dtype));
      suite.test('gather', dtype, () => checkGather(dtype));
      suite.test('scatterAdd', dtype, () => checkScatter(dtype));
      suite.test('astype', dtype, () => checkCasts(suite, dtype));
      suite.test('cumsum', dtype, () => checkCumsum(dtype));
    }
  });
}

async function checkSlice(dtype: DType): Promise<void> {
  const x = sample(dtype, [5, 4, 3], { low: -50, high: 50 });
  for (const { selectors, positions, drop } of selections)
    await everyLayout(`slice ${JSON.stringify(selectors)}`, [x], a => a.slice(...selectors), pick(x, positions, drop));
  const y = sample(dtype, [3, 2, 2, 1, 2], { low: -50, high: 50 });
  await everyLayout(
    'slice of 5 dimensions',
    [y],
    a => a.slice(span(1, 3), 1, ':', ':', 0),
    pick(y, [[1, 2], [1], [0, 1], [0], [0]], [false, true, false, false, true]),
  );
  const i = knet.array([2, 0, 2], { dtype: 'int32' });
  await everyLayout('slice by an int32 array', [x], a => a.slice(':', i), pick(x, [range(0, 5), [2, 0, 2], range(0, 3)]));
  await everyLayout('get', [x], a => a.get(1, -1, 2), pick(x, [[1], [3], [2]], [true, true, true]));
}

async function checkSet(dtype: DType): Promise<void> {
  const x = sample(dtype, [5, 4, 3], { low: -50, high: 50 });
  for (const { selectors, positions, drop } of selections) {
    const region = positions.map(p => p.length);
    const kept = region.filter((_, d) => drop?.[d] !== true);
    const values = [
      sample(dtype, kept, { seed: 8, low: -50, high: 50 }),
      sample(
        dtype,
        kept.map((n, d) => (d === 0 ? 1 : n)),
        { seed: 9, low: -50, high: 50 },
      ),
    ];
    for (const value of [1, ...values]) {
      const expected = host(dtype, x.shape, x.data);
      for (let i = 0; i < count(region); i++) {
        const p = positionOf(i, region);
        const inKept = p.filter((_, d) => drop?.[d] !== true);
        expected.data[
          indexOf(
            p.map((q, d) => positions[d]![q]!),
            x.shape,
          )
        ] = typeof value === 'number' ? value : at(value, inKept);
      }
      for (const layout of layouts) {
        const a = upload(x, layout);
        a.set(selectors, typeof value === 'number' ? value : upload(value, layout));
        await expectArray(
          a,
          expected,
          exact,
          `set ${JSON.stringify(selectors)} to ${typeof value === 'number' ? value : `[${value.shape}]`}, ${layout}`,
        );
      }
    }
  }
}

async function checkShapes(dtype: DType): Promise<void> {
  const x = sample(dtype, [4, 3, 2], { low: -50, high: 50 });
  const as = (shape: readonly number[]): HostArray => host(dtype, shape, x.data);
  await everyLayout('reshape', [x], a => a.reshape(6, -1), as([6, 4]));
  await everyLayout('vec', [x], a => a.vec(), as([24]));
  await everyLayout('mat', [x], a => knet.mat(a), as([12, 2]));
  const v = sample(dtype, [5], { low: -50, high: 50 });
  await everyLayout('mat of a vector', [v], a => knet.mat(a), host(dtype, [5, 1], v.data));
  await everyLayout('transpose of a vector', [v], a => a.t(), host(dtype, [1, 5], v.data));
  const m = sample(dtype, [37, 5], { low: -50, high: 50 });
  await everyLayout(
    'transpose',
    [m],
    a => a.t(),
    host(dtype, [5, 37], ([i, j]) => at(m, [j!, i!])),
  );
  await everyLayout(
    'permute',
    [x],
    a => a.permute(2, 0, 1),
    host(dtype, [2, 4, 3], ([i, j, k]) => at(x, [j!, k!, i!])),
  );
  await everyLayout(
    'permute, then reshape',
    [x],
    a => a.permute(2, 0, 1).reshape(-1),
    host(dtype, [24], host(dtype, [2, 4, 3], ([i, j, k]) => at(x, [j!, k!, i!])).data),
  );
  const row = sample(dtype, [1, 3], { low: -50, high: 50 });
  await everyLayout(
    'expand',
    [row],
    a => knet.expand(a, [4, 3, 2]),
    host(dtype, [4, 3, 2], p => at(row, p)),
  );
  await everyLayout(
    'expand, then a view',
    [row],
    a => knet.expand(a, [4, 3]).t().slice(span(1, 3)),
    host(dtype, [2, 4], ([i]) => at(row, [0, i! + 1])),
  );
  await everyLayout('copy', [x], a => knet.copy(a), x);
  await everyLayout(
    'repeat',
    [m],
    a => knet.repeat(a, 2, 3),
    host(dtype, [74, 15], ([i, j]) => at(m, [i! % 37, j! % 5])),
  );
  await everyLayout('flip', [x], a => knet.flip(a, 1), pick(x, [range(0, 4), [2, 1, 0], [0, 1]]));
  for (const value of [0, 1]) {
    const padded = host(dtype, [7, 3, 3], ([i, j, k]) => (i! >= 1 && i! < 5 && k! < 2 ? at(x, [i! - 1, j!, k!]) : value));
    const run = (a: KnetArray): KnetArray =>
      knet.pad(
        a,
        [
          [1, 2],
          [0, 0],
          [0, 1],
        ],
        value,
      );
    await everyLayout(`pad with ${value}`, [x], run, padded);
  }
}

async function checkJoins(dtype: DType): Promise<void> {
  const [a, b, c] = [
    [2, 3],
    [2, 1],
    [2, 4],
  ].map((s, i) => sample(dtype, s, { seed: i, low: -50, high: 50 }));
  const joined = host(dtype, [2, 8], ([i, j]) => (j! < 3 ? at(a!, [i!, j!]) : j! < 4 ? at(b!, [i!, 0]) : at(c!, [i!, j! - 4])));
  await everyLayout('cat', [a!, b!, c!], (...x) => knet.cat(x, 1), joined);
  await everyLayout('hcat', [a!, b!, c!], (...x) => knet.hcat(...x), joined);
  const turned = host(dtype, [8, 2], ([i, j]) => at(joined, [j!, i!]));
  await everyLayout('vcat', [a!, b!, c!], (...x) => knet.vcat(...x.map(y => y.t())), turned);
  const v = [sample(dtype, [3], { seed: 1 }), sample(dtype, [3], { seed: 2 })];
  const columns = host(dtype, [3, 2], ([i, j]) => v[j!]!.data[i!]!);
  await everyLayout('hcat of vectors', v, (...x) => knet.hcat(...x), columns);
  await everyLayout('stack', v, (...x) => knet.stack(x), columns);
  await everyLayout(
    'stack at 0',
    v,
    (...x) => knet.stack(x, 0),
    host(dtype, [2, 3], ([i, j]) => v[i!]!.data[j!]!),
  );
  await everyLayout(
    'vcat with numbers',
    v,
    x => knet.vcat(x, 1),
    host(dtype, [4], ([i]) => (i! < 3 ? v[0]!.data[i!]! : 1)),
    ['contiguous'],
  );
  await everyLayout('cat of nothing with something', [a!], x => knet.cat([x, x.slice(':', span(0, 0))], 1), a!);
  const x = sample(dtype, [2, 6], { low: -50, high: 50 });
  for (const layout of layouts) {
    for (const [k, part] of knet.split(upload(x, layout), [1, 3, 2], 1).entries())
      await expectArray(part, pick(x, [[0, 1], [[0], [1, 2, 3], [4, 5]][k]!]), exact, `split, part ${k}, ${layout}`);
  }
}

async function checkGather(dtype: DType): Promise<void> {
  for (const shape of [[7], [5, 4], [3, 4, 2], [2, 1, 3, 2, 4], [40, 9]]) {
    const x = sample(dtype, shape, { low: -50, high: 50 });
    for (let dim = 0; dim < shape.length; dim++) {
      const n = shape[dim]!;
      const list = [n - 1, 0, -1, n - 1, -5, n >> 1, 0];
      const expected = host(
        dtype,
        shape.map((m, d) => (d === dim ? list.length : m)),
        p => {
          const q = list[p[dim]!]!;
          return q < 0
            ? 0
            : at(
                x,
                p.map((r, d) => (d === dim ? q : r)),
              );
        },
      );
      const indices = host('int32', [list.length], list);
      await everyLayout(`gather of [${shape}] along ${dim}`, [x, indices], (a, i) => knet.gather(a, i, dim), expected);
    }
  }
  const none = host('int32', [0], []);
  await everyLayout('gather of no positions', [sample(dtype, [3, 2]), none], (a, i) => knet.gather(a, i, 1), host(dtype, [3, 0], []), [
    'contiguous',
  ]);
}

async function checkScatter(dtype: DType): Promise<void> {
  for (const shape of [[6], [6, 4], [3, 6, 2], [40, 6]]) {
    const dim = shape.indexOf(6);
    const x = sample(dtype, shape, { low: -9, high: 9 });
    // Eighths add up exactly in every order.
    if (isFloat(dtype)) for (let i = 0; i < x.data.length; i++) x.data[i] = Math.round(x.data[i]! * 8) / 8;
    const list = [3, 0, 3, -1, 3, 4];
    const expected = host(
      dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype,
      shape.map((m, d) => (d === dim ? 5 : m)),
      () => 0,
    );
    for (let i = 0; i < x.data.length; i++) {
      const p = positionOf(i, shape);
      const to = list[p[dim]!]!;
      if (to >= 0)
        expected.data[
          indexOf(
            p.map((q, d) => (d === dim ? to : q)),
            expected.shape,
          )
        ]! += x.data[i]!;
    }
    const indices = host('int32', [6], list);
    await everyLayout(`scatterAdd of [${shape}] along ${dim}`, [x, indices], (a, i) => knet.scatterAdd(a, i, dim, 5), expected);
  }
}

async function checkCasts(suite: Suite, dtype: DType): Promise<void> {
  const x = sample(dtype, [5, 3, 2], { low: isFloat(dtype) ? -3 : -7, high: 9 });
  for (const to of suite.dtypes) {
    // Converting a negative number to a byte wraps in the device's own way.
    const source = to === 'uint8' ? host(dtype, x.shape, x.data.map(Math.abs)) : x;
    const expected = host(to, x.shape, (_, i) => (isFloat(to) || to === 'bool' ? source.data[i]! : Math.trunc(source.data[i]!)));
    await everyLayout(`astype from ${dtype} to ${to}`, [source], a => a.astype(to), expected);
    await everyLayout(`pending, astype from ${dtype} to ${to}`, [source], a => a.max(a).astype(to), expected);
  }
}

async function checkCumsum(dtype: DType): Promise<void> {
  for (const shape of [[1], [9], [5, 4], [3, 7, 2], [1025], [0, 2]]) {
    const x = sample(dtype, shape, { low: 0, high: dtype === 'uint8' ? 2 : 3 });
    if (isFloat(dtype)) for (let i = 0; i < x.data.length; i++) x.data[i] = Math.round(x.data[i]! * 4) / 4;
    for (let dims = 0; dims < shape.length; dims++) {
      const type = dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype;
      const sums = Float64Array.from(x.data);
      const step = count(shape.slice(0, dims));
      for (let i = 0; i < sums.length; i++) if (positionOf(i, shape)[dims]! > 0) sums[i]! += sums[i - step]!;
      await everyLayout(`cumsum of [${shape}] along ${dims}`, [x], a => knet.cumsum(a, { dims }), host(type, shape, sums));
    }
  }
}
