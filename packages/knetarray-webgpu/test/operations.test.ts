/** Every operation of float32 against float64, over the whole line and with special numbers. */
import { binaryOps, type OpName, scalarFunction, unaryOps } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { testBackend } from './gpu.js';
import { elements, program, run, single } from './programs.js';

const backend = await testBackend();

/** Largest error in units in the last place; 0 where a result is rounded once. */
const allowed: Partial<Record<OpName, number>> = {
  neg: 0,
  abs: 0,
  sign: 0,
  floor: 0,
  ceil: 0,
  round: 0,
  trunc: 0,
  isfinite: 0,
  isnan: 0,
  max: 0,
  min: 0,
  eq: 0,
  ne: 0,
  gt: 0,
  ge: 0,
  lt: 0,
  le: 0,
  abs2: 0.5,
  add: 0.5,
  sub: 0.5,
  mul: 0.5,
  exp: 2,
  log: 2,
  // Multiples of pi that are close to a number with a large exponent.
  sin: 16,
  cos: 16,
  tan: 16,
  lgamma: 12,
  polygamma: 40,
};

const tiny = 2 ** -126;
const special = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2, -2, 2.5, -2.5, 3, 3.5, 0.49999997, 0.99999994, 1.0000001, -0.99999994]
  .concat([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-30, -1e-30, 1e-8, -1e-8, 1e-4, 1e30, -1e30])
  .concat([3.4028234e38, -3.4028234e38, tiny, 88.72, 88.73, 89.2, -87.3, -103, -105, 127.9, 128, 38.5, 38.6, 8192.5, -8200, 8388609])
  .concat([16777216, 2 ** 31, -(2 ** 31), 2 ** 32, Math.PI, -Math.PI / 2, 9.4, -9.5, 10.1, 26, 4.25, 5e-19]);

/** Numbers between 0 and 1 by a multiplicative congruence. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  });
}

/** Arguments of all sizes and in the ranges where functions bend, after the special ones. */
function argumentsOf(count: number, seed: number): Float32Array {
  const u = numbers(2 * count, seed);
  return Float32Array.from({ length: count }, (_, i) => {
    const [a, b] = [u[2 * i]!, u[2 * i + 1]!];
    if (i < special.length) return special[i]!;
    const sign = b < 0.5 ? -1 : 1;
    return [sign * 2 ** (250 * a - 125), 2 * a - 1, 20 * a - 10, 240 * a - 120, sign * 2 ** (40 * a - 20), 5 * a][i % 6]!;
  });
}

/** Distance in units in the last place of the expected float32; subnormal numbers may be taken for 0. */
function ulps(actual: number, expected: number): number {
  if (Number.isNaN(expected) || Number.isNaN(actual)) return Number.isNaN(expected) === Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(expected);
  if (rounded === actual || (Math.abs(expected) < tiny && Math.abs(actual) <= tiny)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(actual))
    return Math.abs(expected) > 3.4028e38 && Math.abs(actual) > 3.4028e38 ? 1 : Number.POSITIVE_INFINITY;
  return Math.abs(actual - expected) / 2 ** (Math.max(Math.floor(Math.log2(Math.abs(expected))), -126) - 23);
}

async function check(op: OpName, args: readonly Float32Array[], counts: (i: number) => boolean = () => true): Promise<void> {
  const f = scalarFunction(op)!;
  const [actual] = await run(backend, single('float32', op, args.length), args);
  const wrong: string[] = [];
  actual!.forEach((y, i) => {
    const x = args.map(arg => arg[i]!);
    if (!counts(i)) return;
    const expected = f(...x);
    const error = ulps(y, expected);
    if (error > (allowed[op] ?? 6)) wrong.push(`${op}(${x.join(', ')}) is ${y}, expected ${Math.fround(expected)}: ${error} ulp`);
  });
  expect(wrong.slice(0, 5)).toEqual([]);
}

describe('functions of one number', () => {
  for (const op of unaryOps) {
    if (op === 'copy') continue;
    it(op, async () => {
      const x = argumentsOf(6000, 7);
      // Between negative whole numbers lgamma and digamma have zeros, around which errors are absolute.
      const zeros = op === 'lgamma' || op === 'digamma';
      await check(op, [x], i => !zeros || !(x[i]! < 0) || Number.isInteger(x[i]));
    });
  }

  it('lgamma and digamma between negative whole numbers', async () => {
    const x = numbers(2000, 3).map(u => -50 * u);
    const rounded = elements('float32', x);
    for (const op of ['lgamma', 'digamma'] as const) {
      const [actual] = await run(backend, single('float32', op, 1), [rounded]);
      const errors = Array.from(actual!, (y, i) => {
        const expected = scalarFunction(op)!(rounded[i]!);
        // The function is as steep as the distance to the next pole is small.
        return Math.abs(y - expected) / (200 + Math.abs(expected) + 1 / Math.abs(rounded[i]! - Math.round(rounded[i]!)));
      });
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    }
  });

  it('keeps the sign of zeros', async () => {
    const x = new Float32Array([0, -0]);
    for (const op of ['neg', 'abs', 'sign', 'sqrt', 'cbrt', 'expm1', 'log1p', 'sin', 'tan', 'asin', 'atan', 'sinh', 'tanh'] as const) {
      const [actual] = await run(backend, single('float32', op, 1), [x]);
      expect(Array.from(actual!), op).toEqual(Array.from(x, scalarFunction(op)!));
    }
    for (const op of ['asinh', 'atanh', 'sinpi', 'erf', 'erfinv', 'floor', 'ceil', 'round', 'trunc', 'copy'] as const) {
      const [actual] = await run(backend, single('float32', op, 1), [x]);
      expect(Array.from(actual!), op).toEqual([0, -0]);
    }
  });

  it('copies the bits of subnormal numbers', async () => {
    const x = new Float32Array([1e-40, -1e-45]);
    expect(await run(backend, single('float32', 'copy', 1), [x])).toEqual([x]);
  });
});

describe('functions of two and three numbers', () => {
  for (const op of binaryOps) {
    it(op, async () => {
      const pairs = special.length ** 2;
      const count = pairs + 4000;
      const [u, v] = [numbers(count, 11), numbers(count, 12)];
      const a = new Float32Array(count);
      const b = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const [s, t] = [u[i]!, v[i]!];
        if (op === 'polygamma') [a[i], b[i]] = [i % 2 === 0 ? 1 : Math.floor(40 * s), i % 3 === 0 ? 200 * t : 12 * t + 1e-3];
        else if (i < pairs) [a[i], b[i]] = [special[i % special.length]!, special[Math.floor(i / special.length)]!];
        else if (i % 3 === 0) [a[i], b[i]] = [4 * s, 60 * t - 30];
        else if (i % 3 === 1) [a[i], b[i]] = [200 * s - 100, Math.round(20 * t - 10)];
        else [a[i], b[i]] = [1 + (s - 0.5) / 100, 10000 * t - 5000];
      }
      await check(op, [a, b]);
    });
  }

  it('polygamma for negative numbers, at poles and of wrong orders', async () => {
    const n = new Float32Array([1, 1, 2, 3, 2, 1, 2, 2, 0.5, -1, 101, 0, 0, 3]);
    const x = new Float32Array([-0.5, -7.25, -2.75, -1.5, 0, -3, -3, -0, 1, 1, 1, 2.5, -0.25, Number.NaN]);
    const [actual] = await run(backend, single('float32', 'polygamma', 2), [n, x]);
    const f = scalarFunction('polygamma')!;
    actual!.forEach((y, i) => {
      const order = n[i]!;
      const known = Number.isInteger(order) && order >= 0 && order <= 100 && !Number.isNaN(x[i]);
      expect(ulps(y, known ? f(order, x[i]!) : Number.NaN), `polygamma(${order}, ${x[i]}) is ${y}`).toBeLessThan(40);
    });
  });

  it('where', async () => {
    const c = new Float32Array([1, 0, -0, Number.NaN, -3, 1e-40]);
    const a = new Float32Array([1, 2, 3, 4, Number.NaN, 6]);
    const b = new Float32Array([7, 8, -0, 10, 11, 12]);
    const [actual] = await run(backend, single('float32', 'where', 3), [c, a, b]);
    expect(actual).toEqual(new Float32Array([1, 8, -0, 4, Number.NaN, 6]));
  });

  it('tells zeros apart in max and min', async () => {
    const a = new Float32Array([0, -0, 0, -0]);
    const b = new Float32Array([-0, 0, 0, -0]);
    expect(await run(backend, single('float32', 'max', 2), [a, b])).toEqual([new Float32Array([0, 0, 0, -0])]);
    expect(await run(backend, single('float32', 'min', 2), [a, b])).toEqual([new Float32Array([-0, -0, 0, -0])]);
  });
});

it('gives the same bits fused and one by one', async () => {
  const x = argumentsOf(3000, 5);
  const y = argumentsOf(3000, 6).reverse();
  const chain = (['exp', 'neg', 'tanh', 'sin', 'log1p', 'erf', 'abs', 'sqrt', 'atan', 'exp2'] as const).flatMap((op, i) => [
    { op, args: [i === 0 ? 0 : 2 * i + 1] },
    { op: (['mul', 'add', 'sub', 'div', 'max'] as const)[i % 5]!, args: [2 * i + 2, i % 2] },
  ]);
  const registers = [x, y];
  for (const { op, args } of chain) {
    const [result] = await run(
      backend,
      single('float32', op, args.length),
      args.map(register => registers[register]!),
    );
    registers.push(Float32Array.from(result!));
  }
  const fused = await run(backend, program('float32', 2, chain, [6, 11, 17, 21]), [x, y]);
  [6, 11, 17, 21].forEach((register, k) => {
    expect(fused[k], `register ${register}`).toEqual(registers[register]);
  });
});
