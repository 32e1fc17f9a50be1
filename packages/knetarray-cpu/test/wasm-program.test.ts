import { round as roundHalfEven } from '@knet/autograd';
import { describe, expect, it } from 'vitest';
import { loadFloat32Kernels } from '../src/wasm/kernels.js';
import type { ElementwiseProgram } from '../src/wasm/program.js';
import { randomArray } from './wasm-kernels.js';

const kernels = loadFloat32Kernels('simd')!;

function program(inputs: number, scalars: number, instructions: [string, ...number[]][], outputs: number[]): ElementwiseProgram {
  return { id: 0, dtype: 'float32', inputs, scalars, instructions: instructions.map(([op, ...args]) => ({ op, args })), outputs };
}

function run(p: ElementwiseProgram, inputs: Float32Array[], scalars: number[] = []): Float32Array[] {
  const n = inputs[0]!.length;
  const outputs = p.outputs.map(() => new Float32Array(n));
  kernels.run(
    kernels.compile(p)!,
    n,
    inputs,
    inputs.map(() => 0),
    outputs,
    outputs.map(() => 0),
    scalars,
  );
  return outputs;
}

const unary: Record<string, (x: number) => number> = {
  copy: x => x,
  neg: x => -x,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  abs2: x => x * x,
};
const elementary: Record<string, (x: number) => number> = {
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
};
const binary: Record<string, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  min: Math.min,
  max: Math.max,
  pow: (x, y) => x ** y,
  eq: (x, y) => +(x === y),
  ne: (x, y) => +(x !== y),
  gt: (x, y) => +(x > y),
  ge: (x, y) => +(x >= y),
  lt: (x, y) => +(x < y),
  le: (x, y) => +(x <= y),
};

const special = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -1.5, 0.49999997, 8388609, -8388609, 3e38, -3e38, 1e-45, -1e-45, 1.17e-38]
  .concat([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 88.7, 88.73, -87.4, -103.9, -104.1, 1e-20, -1e-20])
  .map(Math.fround);

/** Every `step`-th bit pattern of float32: all magnitudes, both signs, subnormals, infinities and NaN. */
function sweep(step: number): Float32Array {
  const bits = new Uint32Array(Math.floor(2 ** 32 / step));
  for (let i = 0; i < bits.length; i++) bits[i] = i * step;
  return Float32Array.from([...special, ...new Float32Array(bits.buffer)]);
}

/** Distance in units in the last place; infinite when only one side is NaN, or zeros differ in sign. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const order = (x: number) => {
    const i = new Int32Array(Float32Array.of(x).buffer)[0]!;
    return i < 0 ? -(i & 0x7fffffff) : i;
  };
  if (Number.isNaN(a) || Number.isNaN(b) || (a === 0 && b === 0)) return Number.POSITIVE_INFINITY;
  return Math.abs(order(a) - order(b));
}

describe('programs', () => {
  const x = sweep(40_009);

  it.each(Object.keys(unary))('%s is exact', op => {
    const [y] = run(program(1, 0, [[op, 0]], [1]), [x]);
    for (let i = 0; i < x.length; i++) {
      const expected = Math.fround(unary[op]!(x[i]!));
      if (!Object.is(y![i], expected)) throw new Error(`${op}(${x[i]}) is ${y![i]}, expected ${expected}`);
    }
  });

  it.each(Object.keys(elementary))('%s is within 2 units in the last place everywhere', op => {
    const near = randomArray(20_000, 5).map(v => v * 3);
    for (const values of [x, near]) {
      const [y] = run(program(1, 0, [[op, 0]], [1]), [values]);
      for (let i = 0; i < values.length; i++) {
        const expected = Math.fround(elementary[op]!(values[i]!));
        const off = ulps(y![i]!, expected);
        if (off > 2) throw new Error(`${op}(${values[i]}) is ${y![i]}, expected ${expected}: ${off} ulp`);
      }
    }
  });

  it.each(Object.keys(binary))('%s matches JavaScript on every pair of special values and on random ones', op => {
    const left = Float32Array.from([...special.flatMap(a => special.map(() => a)), ...randomArray(1000, 1)]);
    const right = Float32Array.from([...special.flatMap(() => special), ...randomArray(1000, 2)]);
    const [y] = run(program(2, 0, [[op, 0, 1]], [2]), [left, right]);
    for (let i = 0; i < left.length; i++) {
      const expected = Math.fround(binary[op]!(left[i]!, right[i]!));
      if (!Object.is(y![i], expected)) throw new Error(`${op}(${left[i]}, ${right[i]}) is ${y![i]}, expected ${expected}`);
    }
  });

  it('where takes every condition but 0 for true, NaN included', () => {
    const c = Float32Array.of(0, -0, 1, Number.NaN, -2);
    const [y] = run(program(2, 1, [['where', 0, 1, 2]], [3]), [c, Float32Array.of(1, 2, 3, 4, 5)], [9]);
    expect([...y!]).toEqual([9, 9, 3, 4, 5]);
  });

  it('runs an Adam step as one program, with the bits of its instructions run one by one', () => {
    const n = 5003;
    const inputs = [randomArray(n, 1), randomArray(n, 2), randomArray(n, 3), randomArray(n, 4).map(Math.abs)];
    const scalars = [0.9, 0.1, 0.999, 0.001, 1e-8, 0.01];
    const list: [string, ...number[]][] = [
      ['mul', 2, 4], // 10: m * b1
      ['mul', 1, 5],
      ['add', 10, 11], // 12: new m
      ['abs2', 1],
      ['mul', 13, 7],
      ['mul', 3, 6],
      ['add', 14, 15], // 16: new v
      ['sqrt', 16],
      ['add', 17, 8],
      ['div', 12, 18],
      ['mul', 19, 9],
      ['sub', 0, 20], // 21: new w
    ];
    const fused = run(program(4, 6, list, [21, 12, 16]), inputs, scalars);
    const registers: Float32Array[] = [...inputs, ...scalars.map(s => new Float32Array(n).fill(s))];
    for (const [op, ...args] of list) {
      const parts = args.map(a => registers[a]!);
      registers.push(run(program(parts.length, 0, [[op, ...parts.keys()]], [parts.length]), parts)[0]!);
    }
    expect(fused).toEqual([registers[21], registers[12], registers[16]]);
  });

  it('gives an element the same bits wherever it stands', () => {
    const p = kernels.compile(
      program(
        1,
        0,
        [
          ['exp', 0],
          ['tanh', 0],
          ['sin', 0],
          ['add', 1, 2],
          ['mul', 3, 4],
        ],
        [5],
      ),
    )!;
    const long = randomArray(2500, 7).map(v => v * 20);
    const whole = new Float32Array(2500);
    kernels.run(p, 2500, [long], [0], [whole], [0], []);
    for (const [offset, n] of [
      [0, 1],
      [1, 2],
      [2047, 3],
      [1234, 7],
      [999, 1001],
    ] as const) {
      const out = new Float32Array(n + 2).fill(-1);
      kernels.run(p, n, [long], [offset], [out], [1], []);
      expect([...out]).toEqual([-1, ...whole.subarray(offset, offset + n), -1]);
    }
  });

  it('writes in place, repeats outputs, and stores inputs and scalars', () => {
    const a = randomArray(3000, 1);
    const expected = a.map(v => v + 2);
    const p = kernels.compile(program(1, 1, [['add', 0, 1]], [2, 2, 0, 1]))!;
    const [copy, old, two] = [new Float32Array(3000), new Float32Array(3000), new Float32Array(3000)];
    const before = a.slice();
    kernels.run(p, 3000, [a], [0], [a, copy, old, two], [0, 0, 0, 0], [2]);
    expect(a).toEqual(expected);
    expect(copy).toEqual(expected);
    expect(old).toEqual(before);
    expect(two).toEqual(new Float32Array(3000).fill(2));
  });

  it('lets the caller fill the blocks', () => {
    const p = kernels.compile(
      program(
        2,
        1,
        [
          ['mul', 0, 1],
          ['add', 3, 2],
        ],
        [4],
      ),
    )!;
    const { inputs, outputs } = kernels.begin(p, [10]);
    expect([inputs.length, outputs.length, inputs[0]!.length]).toEqual([2, 1, p.blockSize]);
    for (const n of [5, p.blockSize]) {
      for (let i = 0; i < n; i++) {
        inputs[0]![i] = i;
        inputs[1]![i] = 2;
      }
      kernels.runBlock(p, n);
      expect([outputs[0]![0], outputs[0]![4], outputs[0]![n - 1]]).toEqual([10, 18, 2 * n + 8]);
    }
  });

  it('keeps apart the registers of a long program', () => {
    // Sums of neighbours, every second result used again at the very end.
    const list: [string, ...number[]][] = [];
    for (let i = 0; i < 60; i++) list.push(['add', i === 0 ? 0 : i + 1, i % 2]);
    for (let i = 0; i < 58; i += 2) list.push(['sub', list.length + 1, i + 2]);
    const p = program(2, 0, list, [list.length + 1, 5]);
    const inputs = [randomArray(700, 1), randomArray(700, 2)];
    const registers = [...inputs];
    for (const [op, i, j] of list) {
      const [u, v] = [registers[i!]!, registers[j!]!];
      registers.push(u.map((value, at) => binary[op]!(value, v[at]!)));
    }
    expect(run(p, inputs)).toEqual([registers[list.length + 1], registers[5]]);
  });

  it('declines what it cannot run and rejects a wrong number of scalars', () => {
    expect(kernels.compile(program(1, 0, [['gamma', 0]], [1]))).toBeUndefined();
    expect(kernels.compile({ ...program(1, 0, [['neg', 0]], [1]), dtype: 'float64' })).toBeUndefined();
    const p = kernels.compile(program(1, 1, [['add', 0, 1]], [2]))!;
    expect(() => kernels.run(p, 1, [new Float32Array(1)], [0], [new Float32Array(1)], [0], [])).toThrow(/got 0 scalars, takes 1/);
  });
});
