import type { DType, SoftmaxGeometry, SoftmaxKind, TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { elementsOf, numbers, rounded, viewOf } from './views.js';

const backend = emulated();
const dtypes = ['float32', 'float64', 'float16', 'bfloat16'] as const;
const kinds = ['softmax', 'logp'] as const;
const precision = { bfloat16: 8e-3, float16: 1e-3, float32: 3e-7, float64: 2e-15 };

/** Places of the elements of each line. */
function lines({ inner, length, outer }: SoftmaxGeometry): number[][] {
  return Array.from({ length: inner * outer }, (_, k) =>
    Array.from({ length }, (_v, i) => (Math.floor(k / inner) * length + i) * inner + (k % inner)),
  );
}

function forward(kind: SoftmaxKind, g: SoftmaxGeometry, x: TypedArray): Float64Array {
  const y = new Float64Array(x.length);
  for (const places of lines(g)) {
    const most = places.reduce((m, p) => Math.max(m, x[p]!), Number.NEGATIVE_INFINITY);
    const sum = places.reduce((s, p) => s + Math.exp(x[p]! - most), 0);
    for (const p of places) y[p] = kind === 'logp' ? x[p]! - most - Math.log(sum) : Math.exp(x[p]! - most) / sum;
  }
  return y;
}

function backward(kind: SoftmaxKind, g: SoftmaxGeometry, y: TypedArray, dy: TypedArray): Float64Array {
  const dx = new Float64Array(y.length);
  for (const places of lines(g)) {
    const sum = places.reduce((s, p) => s + (kind === 'logp' ? dy[p]! : dy[p]! * y[p]!), 0);
    for (const p of places) dx[p] = kind === 'logp' ? dy[p]! - Math.exp(y[p]!) * sum : y[p]! * (dy[p]! - sum);
  }
  return dx;
}

function run(dtype: DType, inputs: readonly TypedArray[], kernel: (views: ReturnType<typeof viewOf>[]) => void): TypedArray {
  const views = [...inputs, inputs[0]!.map(() => 7)].map(x => viewOf(backend, dtype, x));
  kernel(views);
  const result = elementsOf(backend, views.at(-1)!);
  for (const { storage } of views) backend.release(storage);
  return result;
}

const softmax = (kind: SoftmaxKind, g: SoftmaxGeometry, dtype: DType, x: TypedArray): TypedArray =>
  run(dtype, [x], ([a, b]) => backend.softmax(kind, g, a!, b!));

/** How far apart numbers are, in units of the tolerance: of logarithms and large ones relative to them. */
function worst(actual: TypedArray, expected: Float64Array, epsilon: number, scale: (e: number) => number): number {
  let most = 0;
  actual.forEach((a, i) => {
    const e = expected[i]!;
    if (Object.is(a, e) || a === e) return;
    const distance = Math.abs(a - e) / (epsilon * scale(e));
    most = distance <= most ? most : Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  });
  return most;
}

// Around the numbers of elements and lines in a warp, a block and a batch.
const shapes: readonly (readonly [inner: number, length: number, outer: number])[] = [
  [1, 1, 1],
  ...[2, 3, 5, 8, 9, 16, 17, 31, 33, 63, 64, 65, 128, 130, 255, 256, 257, 1023, 1500].map(n => [1, n, 5] as const),
  [1, 2, 300],
  [1, 10, 70],
  [1, 100, 11],
  ...[1, 2, 3, 4, 5, 15, 17, 40, 300].flatMap(n => [[3, n, 4] as const, [37, n, 2] as const]),
  [300, 7, 1],
  [2, 2100, 1],
];

describe.each(dtypes)('%s', dtype => {
  describe.each(kinds)('%s', kind => {
    it('and its gradient over lines of all lengths', () => {
      const epsilon = precision[dtype];
      for (const [inner, length, outer] of shapes) {
        const g = { inner, length, outer };
        const size = inner * length * outer;
        const x = rounded(
          dtype,
          numbers(size, length).map(v => 6 * v),
        );
        const dy = rounded(dtype, numbers(size, 3));
        const expected = forward(kind, g, x);
        const allowed = (e: number): number => (kind === 'logp' ? Math.max(1, Math.abs(e)) : e * (1 + Math.abs(Math.log(e))) + 1e-4);
        expect(worst(softmax(kind, g, dtype, x), expected, epsilon, allowed), `[${inner}, ${length}, ${outer}]`).toBeLessThan(1);
        const y = rounded(dtype, expected);
        const dx = run(dtype, [y, dy], ([a, b, c]) => backend.softmaxGradient(kind, g, a!, b!, c!));
        const slack = kind === 'logp' ? 1 + Math.sqrt(length) : 1;
        const near = worst(dx, backward(kind, g, y, dy), epsilon, e => Math.abs(e) + slack);
        expect(near, `gradient of [${inner}, ${length}, ${outer}]`).toBeLessThan(1);
      }
    });

    it('is finite for large numbers, and 0 for -Infinity', () => {
      const top = dtype === 'float16' ? 60000 : 3e38;
      const some = [1000, -1000, Number.NEGATIVE_INFINITY, 0, top, -top, 88, -88, -104, 999.5, 2];
      for (const [inner, length, outer] of [
        [1, 7, 9],
        [1, 200, 3],
        [1, 700, 3],
        [5, 40, 2],
      ] as const) {
        const g = { inner, length, outer };
        // Lines of all of these, and of -Infinity before small ones.
        const x = rounded(
          dtype,
          numbers(inner * length * outer, 5).map((v, i) => (i % 3 === 1 ? some[Math.floor((v + 1) * 5.5)]! : v)),
        );
        for (const places of lines(g).slice(1, 3)) {
          places.forEach((p, i) => {
            x[p] = i < length - 2 ? Number.NEGATIVE_INFINITY : i - length;
          });
        }
        const expected = rounded(dtype, forward(kind, g, x));
        const actual = softmax(kind, g, dtype, x);
        const allowed = (e: number): number => (kind === 'logp' ? Math.max(1, Math.abs(e)) : 1);
        expect(worst(actual, Float64Array.from(expected), 2 * precision[dtype], allowed)).toBeLessThan(1);
      }
    });

    it('is NaN where there is a NaN, Infinity, or nothing but -Infinity', () => {
      for (const [inner, length] of [
        [1, 20],
        [1, 150],
        [1, 600],
        [4, 40],
      ] as const) {
        const g = { inner, length, outer: 4 / inner };
        const x = rounded(dtype, numbers(length * 4, 2));
        const all = lines(g);
        x[all[0]![length - 2]!] = Number.NaN;
        x[all[1]![3]!] = Number.POSITIVE_INFINITY;
        for (const p of all[2]!) x[p] = Number.NEGATIVE_INFINITY;
        const y = softmax(kind, g, dtype, x);
        expect(all.map(places => places.every(p => Number.isNaN(y[p]!)))).toEqual([true, true, true, false]);
        expect(all[3]!.some(p => Number.isNaN(y[p]!))).toBe(false);
      }
    });
  });
});

it('sums long lines without losing accuracy', () => {
  const g = { inner: 1, length: 100_000, outer: 1 };
  const x = new Float32Array(g.length);
  const y = softmax('logp', g, 'float32', x);
  expect(Math.abs(y[77]! + Math.log(g.length))).toBeLessThan(1e-6);
  const tenths = new Float32Array(g.length).fill(0.1);
  const dx = run('float32', [x, tenths], ([a, b, c]) => backend.softmaxGradient('logp', g, a!, b!, c!));
  expect(dx[5]).toBe(Math.fround(Math.fround(0.1) - Math.fround(Math.fround(0.1) * g.length)));
});
