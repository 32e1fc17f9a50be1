import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { OpName } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { firstDifference, type HostView, map, native, plain, program, ulps } from './both-backends.js';

/** The functions that float32 has vector code for, the largest error allowed in units in the last place, and float64 references. */
const functions: readonly (readonly [OpName, number, (x: number) => number])[] = [
  ['exp', 1, Math.exp],
  ['exp2', 1, x => 2 ** x],
  ['exp10', 1, x => 10 ** x],
  ['expm1', 2, Math.expm1],
  ['log', 1, Math.log],
  ['log2', 1, Math.log2],
  ['log10', 1, Math.log10],
  ['log1p', 1, Math.log1p],
  ['tanh', 2, Math.tanh],
  ['sin', 2, Math.sin],
  ['cos', 2, Math.cos],
  ['tan', 3, Math.tan],
  ['atan', 2, Math.atan],
  ['sinh', 2, Math.sinh],
  ['cosh', 2, Math.cosh],
  ['sqrt', 0, Math.sqrt],
];

const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  3e38,
  -3e38,
  1e-45,
  -1e-45,
  1.17e-38,
  Number.NaN,
  1e-20,
  -1e-20,
  38.5,
  38.6,
  -44.9,
  -45.5,
  9999,
  10001,
]
  .concat([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    88.7,
    88.73,
    89.1,
    -87.4,
    -103.9,
    -104.1,
    127.9,
    128,
    128.5,
    -149,
    -149.6,
    -150.1,
  ])
  .map(Math.fround);

/** Bit patterns over the whole range, numbers close together around 0, and edges. */
function sweep(): Float32Array {
  const bits = Uint32Array.from({ length: 2 ** 17 }, (_, i) => i * 2 ** 15 + (Math.imul(i, 2654435761) >>> 17));
  const near = Array.from({ length: 60_000 }, (_, i) => (i - 30_000) / 1400.3);
  const nearer = Array.from({ length: 20_000 }, (_, i) => (i - 10_000) / 10_000.7);
  return Float32Array.from([...special, ...new Float32Array(bits.buffer), ...near, ...nearer]);
}

const xs = sweep();
const view = (data: Float32Array): HostView => ({ data, dtype: 'float32', shape: [data.length], strides: [1], offset: 0 });

/** Fails at the first result that is farther from the reference than allowed. */
function check(op: string, y: Float32Array, most: number, f: (x: number) => number): void {
  let worst = 0;
  let at = 0;
  for (let i = 0; i < y.length; i++) {
    const error = ulps(y[i]!, Math.fround(f(xs[i]!)));
    if (error > worst) [worst, at] = [error, i];
  }
  expect(worst, `${op}(${xs[at]}) is ${y[at]} instead of ${Math.fround(f(xs[at]!))}`).toBeLessThanOrEqual(most);
}

describe('float32', () => {
  it.each(functions)('%s', (op, most, f) => {
    const p = program('float32', 1, 0, [[op, 0]], [1]);
    const y = map(native, p, [view(xs)], [], [view(new Float32Array(xs.length))])[0] as Float32Array;
    check(op, y, most, f);
    // The same bits wherever an element is in a block, and for a number.
    const shifted = map(native, p, [{ ...view(xs), shape: [999], offset: 5 }], [], [view(new Float32Array(999))])[0]!;
    expect(firstDifference(shifted, y.slice(5, 1004))).toBe(-1);
    const number = map(native, program('float32', 0, 1, [[op, 0]], [1]), [], [xs[200]!], [view(new Float32Array(1))])[0]!;
    expect(number[0]).toBe(y[200]);
  });
  it('finds the larger and the smaller of special numbers as Math.max and Math.min do', () => {
    const some = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45];
    const a = Float32Array.from(some.flatMap(x => some.map(() => x)));
    const b = Float32Array.from(some.flatMap(() => some));
    for (const [op, f] of [['max', Math.max] as const, ['min', Math.min] as const]) {
      const y = map(native, program('float32', 2, 0, [[op, 0, 1]], [2]), [view(a), view(b)], [], [view(new Float32Array(64))])[0]!;
      expect(
        firstDifference(
          y,
          Float32Array.from(a, (x, i) => f(x, b[i]!)),
        ),
      ).toBe(-1);
    }
  });
});

describe('special functions', () => {
  const ops = ['erf', 'erfc', 'erfinv', 'erfcinv', 'erfcx', 'lgamma', 'digamma', 'sinpi', 'cospi', 'cbrt', 'asin', 'acos'] as const;
  const more = ['asinh', 'acosh', 'atanh', 'exp10', 'expm1', 'log1p', 'tan', 'sinh', 'cosh', 'tanh'] as const;
  it.each([...ops, ...more])('%s agrees with the one of JavaScript in float64', op => {
    const edges = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 1.5, 1e-300, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const data = Float64Array.from([
      ...edges,
      ...Array.from({ length: 3000 }, (_, i) => (i - 1500) / 70.3),
      ...Array.from({ length: 500 }, (_, i) => (i - 250) / 251),
    ]);
    const x: HostView = { data, dtype: 'float64', shape: [data.length], strides: [1], offset: 0 };
    const p = program('float64', 1, 0, [[op, 0]], [1]);
    const [y, expected] = [native, plain].map(b => map(b, p, [x], [], [{ ...x, data: new Float64Array(data.length) }])[0]!);
    for (let i = 0; i < data.length; i++) {
      const [a, e] = [y![i]!, expected![i]!];
      if (Object.is(a, e)) continue;
      // Close to the zeros of the gamma family the error is absolute.
      const scale = op === 'lgamma' || op === 'digamma' ? Math.max(1, Math.abs(e)) : Math.abs(e);
      expect(Math.abs(a - e), `${op}(${data[i]}) is ${a} instead of ${e}`).toBeLessThanOrEqual(4e-15 * scale);
    }
  });
});

it('computes as accurately without AVX-512', () => {
  // The instruction set is chosen when the addon is loaded: another process.
  const script = fileURLToPath(new URL('elementary-child.mjs', import.meta.url));
  const codes = functions.map(([op]) => op).join(',');
  const input = Buffer.from(xs.buffer, xs.byteOffset, xs.byteLength);
  const output = execFileSync(process.execPath, [script, codes], {
    input,
    env: { ...process.env, KNET_ISA: 'avx2' },
    maxBuffer: 2 ** 28,
  });
  const all = new Float32Array(output.buffer.slice(output.byteOffset, output.byteOffset + output.byteLength));
  expect(all.length).toBe(xs.length * functions.length);
  functions.forEach(([op, most, f], k) => {
    check(op, all.subarray(k * xs.length, (k + 1) * xs.length), most, f);
  });
});
