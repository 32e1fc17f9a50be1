import { describe, expect, it } from 'vitest';
import { builds, maxDifference, randomArray } from './wasm-kernels.js';

type Strides = [offset: number, row: number, column: number];

function reference(
  [m, n, k]: [number, number, number],
  alpha: number,
  a: Float32Array,
  [ao, ar, ac]: Strides,
  b: Float32Array,
  [bo, br, bc]: Strides,
  beta: number,
  c: Float32Array,
  [co, cr, cc]: Strides,
): Float32Array {
  const out = c.slice();
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[ao + i * ar + p * ac]! * b[bo + p * br + j * bc]!;
      const at = co + i * cr + j * cc;
      out[at] = alpha * sum + (beta === 0 ? 0 : beta * c[at]!);
    }
  }
  return out;
}

const sizes: [number, number, number][] = [
  [1, 506, 13],
  [1, 13, 506],
  [13, 506, 1],
  [13, 1, 70],
  [1, 1, 600],
  [2, 3, 50],
  [3, 40, 7],
  [4, 4, 4],
  [5, 6, 300],
  [7, 9, 11],
  [8, 4, 256],
  [9, 5, 257],
  [12, 31, 33],
  [10, 100, 64],
  [64, 100, 131],
  [129, 66, 70],
  [131, 67, 520],
  [270, 130, 270],
];

describe.each(builds)('gemm, %s build', (_name, kernels) => {
  const check = (
    size: [number, number, number],
    alpha: number,
    a: Float32Array,
    sa: Strides,
    b: Float32Array,
    sb: Strides,
    beta: number,
    c: Float32Array,
    sc: Strides,
  ) => {
    const expected = reference(size, alpha, a, sa, b, sb, beta, c, sc);
    kernels.gemm(...size, alpha, a, ...sa, b, ...sb, beta, c, ...sc);
    expect(maxDifference(c, expected)).toBeLessThan(2e-6 * (1 + size[2] ** 0.75));
  };

  it.each(sizes)('%i x %i with inner %i, every orientation', (m, n, k) => {
    for (const pad of [0, 3]) {
      const forms = (rows: number, columns: number): Strides[] => [
        [pad, 1, rows + pad],
        [pad, columns + pad, 1],
      ];
      const room = (rows: number, columns: number) => (rows + pad) * (columns + pad) + 2 * pad;
      for (const sa of forms(m, k)) {
        for (const sb of forms(k, n)) {
          for (const sc of forms(m, n)) {
            const beta = pad === 0 ? 0 : -0.5;
            const c = randomArray(room(m, n), 3);
            if (beta === 0) c.fill(Number.NaN);
            check([m, n, k], 1.5, randomArray(room(m, k), 1), sa, randomArray(room(k, n), 2), sb, beta, c, sc);
          }
        }
      }
    }
  });

  it('takes broadcast and doubly strided operands', () => {
    const [m, n, k] = [19, 22, 35];
    const a = randomArray(4000, 1);
    const b = randomArray(4000, 2);
    const strides: Strides[] = [
      [1, 0, 1],
      [0, 1, 0],
      [2, 0, 0],
      [0, 2, 45],
    ];
    for (const sa of strides) {
      for (const sb of strides) check([m, n, k], 1, a, sa, b, sb, 0, new Float32Array(m * n), [0, 1, m]);
    }
    check([m, 1, k], 1, a, [0, 2, 45], b, [0, 3, 1], 1, randomArray(9 * m, 3), [1, 7, 1]);
    check([1, n, k], 1, a, [0, 2, 45], b, [0, 3, 50], 1, randomArray(9 * n, 3), [1, 1, 7]);
  });

  it('scales or clears C when k is 0 and does nothing when C is empty', () => {
    const none = new Float32Array(0);
    for (const [m, n] of [
      [3, 5],
      [40, 1],
      [1, 40],
      [40, 40],
    ] as const) {
      const c = new Float32Array(m * n).fill(4);
      kernels.gemm(m, n, 0, 1, none, 0, 1, m, none, 0, 1, 1, 0.25, c, 0, 1, m);
      expect(c).toEqual(new Float32Array(m * n).fill(1));
      c.fill(Number.NaN);
      kernels.gemm(m, n, 0, 1, none, 0, 1, m, none, 0, 1, 1, 0, c, 0, 1, m);
      expect(c).toEqual(new Float32Array(m * n));
    }
    kernels.gemm(0, 5, 3, 1, none, 0, 1, 1, randomArray(15), 0, 1, 3, 0, none, 0, 1, 1);
    kernels.gemm(5, 0, 3, 1, randomArray(15), 0, 1, 5, none, 0, 1, 3, 0, none, 0, 1, 5);
  });

  it('keeps a NaN or an infinity in the row and column that it belongs to', () => {
    for (const [m, n, k] of [
      [13, 11, 9],
      [1, 30, 13],
      [30, 1, 13],
    ] as const) {
      const a = randomArray(m * k, 1);
      const b = randomArray(k * n, 2);
      a[0] = Number.NaN;
      b[k * n - 1] = Number.POSITIVE_INFINITY;
      const c = new Float32Array(m * n);
      kernels.gemm(m, n, k, 1, a, 0, k, 1, b, 0, 1, k, 0, c, 0, 1, m);
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < m; i++) expect(Number.isFinite(c[i + j * m]!)).toBe(i !== 0 && j !== n - 1);
      }
    }
  });

  it('works in pieces when the operands exceed the scratch', () => {
    for (const [m, n, k] of [
      [4_500_000, 2, 3],
      [2, 4_500_000, 3],
      [3, 2, 4_000_000],
      [1, 5, 4_000_000],
    ] as const) {
      const a = new Float32Array(m * k).fill(1);
      const b = new Float32Array(k * n).fill(0.5);
      a[m * k - 1] = 3;
      const c = new Float32Array(m * n);
      kernels.gemm(m, n, k, 1, a, 0, 1, m, b, 0, 1, k, 0, c, 0, 1, m);
      expect(Math.abs(c[0]! / (k / 2) - 1)).toBeLessThan(1e-3);
      expect(Math.abs(c[m * n - 1]! - c[0]! - (m === 1 ? 0 : 1))).toBeLessThan(1e-3 * k);
    }
  });

  it('rejects C without a unit stride', () => {
    const x = randomArray(400);
    expect(() => kernels.gemm(10, 10, 10, 1, x, 0, 1, 10, x, 0, 1, 10, 0, new Float32Array(400), 0, 2, 20)).toThrow(
      /gemm: c has strides 2 and 20/,
    );
  });
});
