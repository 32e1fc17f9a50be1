import { dtypes as allDTypes, type DType, isHalf, type OpName, opNames } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { firstDifference, type HostView, hostView, type Layout, layouts, map, native, plain, program, random } from './both-backends.js';

/** Operations whose results are exact: the bits of all backends agree. */
const exact: readonly (readonly [OpName, number])[] = [
  ...(['copy', 'neg', 'abs', 'abs2', 'sign', 'sqrt', 'floor', 'ceil', 'round', 'trunc', 'isfinite', 'isnan'] as const).map(
    op => [op, 1] as const,
  ),
  ...(['add', 'sub', 'mul', 'div', 'max', 'min', 'eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const).map(op => [op, 2] as const),
  ['where', 3],
];
const sizes = [1, 7, 15, 16, 17, 33, 255, 257, 1025, 5000];
const edges = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, 1.5, 2.5, -2.5, 8388609, 3e9, -3e9, 300];

/** Small multiples of 1/4, which every float type holds exactly, now and then an edge case. */
function element(seed: number, withEdges: boolean): (i: number) => number {
  const next = random(seed);
  return () => {
    const r = next();
    return withEdges && r < 0.2 ? edges[Math.floor(r * 5 * edges.length)]! : Math.floor(next() * 128 - 64) / 4;
  };
}

function compare(p: ReturnType<typeof program>, inputs: HostView[], scalars: number[], outputs: HostView[], what: string): void {
  const actual = map(native, p, inputs, scalars, outputs);
  const expected = map(plain, p, inputs, scalars, outputs);
  for (let k = 0; k < outputs.length; k++) {
    const i = firstDifference(actual[k]!, expected[k]!);
    expect(i, `${what}, output ${k}, element ${i}: ${actual[k]![i]} instead of ${expected[k]![i]}`).toBe(-1);
  }
}

const dtypes = allDTypes.filter(dtype => !isHalf(dtype));

describe.each(dtypes)('exact operations of %s', dtype => {
  it.each(exact)('%s', (op, arity) => {
    const registers = Array.from({ length: arity }, (_, k) => k);
    const p = program(dtype, arity, 0, [[op, ...registers]], [arity]);
    for (const n of sizes) {
      const inputs = registers.map(k => hostView(dtype, [n], 'contiguous', element(n + k, true)));
      compare(p, inputs, [], [hostView(dtype, [n], 'contiguous', () => 9)], `${op} of ${n}`);
    }
    // Every set of operands that are numbers.
    for (let mask = 0; mask < 2 ** arity; mask++) {
      const scalars = registers.filter(k => mask & (1 << k));
      const arrays = registers.filter(k => !scalars.includes(k));
      const args = registers.map(k => (scalars.includes(k) ? arrays.length + scalars.indexOf(k) : arrays.indexOf(k)));
      const q = program(dtype, arrays.length, scalars.length, [[op, ...args]], [arity]);
      for (const x of edges.slice(0, dtype === 'float32' || dtype === 'float64' ? edges.length : 2)) {
        const inputs = arrays.map(k => hostView(dtype, [67], 'contiguous', element(k, true)));
        compare(
          q,
          inputs,
          scalars.map(() => x),
          [hostView(dtype, [67], 'offset', () => 9)],
          `${op}, numbers ${scalars} = ${x}`,
        );
      }
    }
  });
});

describe.each(dtypes)('conversion from %s', from => {
  it.each(dtypes)('to %s', to => {
    for (const layout of layouts) {
      const x = hostView(from, [37, 5], layout, element(3, true));
      compare(program(to, 1, 0, [['copy', 0]], [1]), [x], [], [hostView(to, [37, 5], 'contiguous', () => 1)], layout);
    }
    // A result of another type than the program's.
    const x = hostView(from, [37, 5], 'contiguous', element(4, true));
    for (const layout of ['contiguous', 'permuted', 'spaced'] as const)
      compare(program(from, 1, 0, [['copy', 0]], [1]), [x], [], [hostView(to, [37, 5], layout, () => 1)], `into ${layout}`);
  });
});

const shapes = [[40, 30], [3, 700], [700, 3], [10, 100], [128, 9], [129, 2, 3], [5, 4, 3, 6], [2, 1, 3, 1, 70], [1500, 2], [1, 1], [2100]];

it.each(['float32', 'float64', 'int32'] as const)('operands of every layout, %s', dtype => {
  const p = program(
    dtype,
    2,
    1,
    [
      ['add', 0, 1],
      ['max', 3, 2],
    ],
    [4],
  );
  for (const shape of shapes) {
    for (const a of layouts) {
      for (const b of layouts) {
        const inputs = [hostView(dtype, shape, a, element(1, false)), hostView(dtype, shape, b, element(2, false))];
        compare(p, inputs, [0], [hostView(dtype, shape, 'contiguous', () => 9)], `[${shape}] ${a}, ${b}`);
      }
      const x = hostView(dtype, shape, a, element(1, false));
      for (const out of ['permuted', 'reversed', 'spaced'] as const)
        compare(p, [x, x], [0], [hostView(dtype, shape, out, () => 9)], `[${shape}] ${a} into ${out}`);
    }
  }
});

/** A random program of exact operations. */
function randomProgram(dtype: DType, next: () => number) {
  const pick = (n: number): number => Math.floor(next() * n);
  const [inputs, scalars, steps] = [1 + pick(4), pick(3), 1 + pick(12)];
  const ops = exact.filter(([op]) => op !== 'sqrt' && op !== 'div' && op !== 'abs2' && op !== 'mul');
  const instructions = Array.from({ length: steps }, (_, s) => {
    const [op, arity] = ops[pick(ops.length)]!;
    const registers = Array.from({ length: arity }, () => pick(inputs + scalars + s));
    return [op, ...registers] as const;
  });
  const first = inputs + scalars;
  const outputs = [...new Set([first + steps - 1, first + pick(steps), first + pick(steps)])];
  return { p: program(dtype, inputs, scalars, instructions, outputs), inputs, scalars, outputs };
}

it.each(dtypes)('random programs, %s', dtype => {
  const next = random(77);
  for (let round = 0; round < 150; round++) {
    const { p, inputs, scalars, outputs } = randomProgram(dtype, next);
    const shape = shapes[Math.floor(next() * shapes.length)]!;
    const any = (): Layout => layouts[Math.floor(next() * (next() < 0.5 ? 1 : layouts.length))]!;
    const views = Array.from({ length: inputs }, (_, k) => hostView(dtype, shape, any(), element(round + k, round % 3 === 0)));
    const numbers = Array.from({ length: scalars }, () => Math.floor(next() * 5));
    const targets = outputs.map(() => hostView(dtype, shape, next() < 0.7 ? 'contiguous' : 'permuted', () => 9));
    compare(p, views, numbers, targets, `program ${round} ${JSON.stringify(p.instructions)} of [${shape}]`);
  }
});

it('fills with a number, and stores an input and a register twice', () => {
  const out = (): HostView => hostView('float32', [50, 3], 'contiguous', () => 9);
  compare(program('float32', 0, 1, [['copy', 0]], [1]), [], [2.5], [out()], 'a number');
  const x = hostView('float32', [50, 3], 'permuted', element(5, true));
  const p = program(
    'float32',
    1,
    1,
    [
      ['neg', 0],
      ['neg', 1],
    ],
    [0, 2, 2, 3],
  );
  const results = map(native, p, [x], [4], [out(), out(), out(), out()]);
  const copies = map(
    native,
    program(
      'float32',
      1,
      0,
      [
        ['copy', 0],
        ['neg', 0],
      ],
      [1, 2],
    ),
    [x],
    [],
    [out(), out()],
  );
  expect([...results[0]!]).toEqual([...copies[0]!]);
  expect([...results[1]!]).toEqual([...copies[1]!]);
  expect([...results[2]!]).toEqual([...copies[1]!]);
  expect(results[3]!.subarray(0, 150).every(v => v === -4)).toBe(true);
});

it('refuses more dimensions than it has room for', () => {
  const shape = Array.from({ length: 33 }, () => 1);
  const x = hostView('float32', [2], 'spaced', () => 1);
  const view = { ...x, shape: [...shape, 2], strides: [...shape, 3] };
  expect(() => map(native, program('float32', 1, 0, [['neg', 0]], [1]), [view], [], [view])).toThrow(/34 dimensions/);
});

it('gives the same bits whatever the number of threads', () => {
  const p = program(
    'float32',
    2,
    1,
    [
      ['add', 0, 1],
      ['exp', 3],
      ['tanh', 4],
      ['mul', 5, 2],
    ],
    [6, 4],
  );
  const before = native.threads;
  try {
    for (const shape of [[300_000], [1000, 300], [30, 10_000]]) {
      const inputs = [hostView('float32', shape, 'contiguous', element(1, false)), hostView('float32', shape, 'column', element(2, false))];
      const results = [1, 2, 3].map(threads => {
        native.threads = threads;
        return map(
          native,
          p,
          inputs,
          [0.5],
          [hostView('float32', shape, 'contiguous', () => 9), hostView('float32', shape, 'permuted', () => 9)],
        );
      });
      for (const result of results) for (const k of [0, 1]) expect(firstDifference(result[k]!, results[0]![k]!)).toBe(-1);
    }
  } finally {
    native.threads = before;
  }
});

it('knows all operations', () => {
  for (const op of opNames) {
    const arity = ['where'].includes(op) ? 3 : opNames.indexOf(op) >= opNames.indexOf('add') ? 2 : 1;
    const p = program('float64', arity, 0, [[op, ...Array.from({ length: arity }, (_, k) => k)]], [arity]);
    const inputs = Array.from({ length: arity }, (_, k) =>
      hostView('float64', [5], 'contiguous', i => (op === 'polygamma' && k === 0 ? 1 : (i + 1) / 8)),
    );
    const [actual, expected] = [native, plain].map(b => map(b, p, inputs, [], [hostView('float64', [5], 'contiguous', () => 9)])[0]!);
    for (let i = 0; i < 5; i++) {
      if (Number.isNaN(expected![i])) expect(actual![i]).toBeNaN();
      else
        expect(Math.abs(actual![i]! - expected![i]!), `${op} of element ${i}`).toBeLessThanOrEqual(
          2e-15 * Math.max(1, Math.abs(expected![i]!)),
        );
    }
  }
});
