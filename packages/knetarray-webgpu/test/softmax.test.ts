import { contiguousStrides, type SoftmaxKind, type View } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const backends = [
  ['for GPUs', await testBackend({ kernels: 'gpu' })],
  ['in software', await testBackend({ kernels: 'software' })],
] as const;

/** Lines of few and of many elements, alone, side by side, and in so great numbers that each has a thread. */
const shapes: readonly (readonly [inner: number, length: number, outer: number])[] = [
  [1, 1, 1],
  [1, 10, 100],
  [100, 10, 1],
  [7, 33, 5],
  [1, 128, 9],
  [1, 513, 2],
  [3, 700, 2],
  [64, 40, 70],
  [1, 10000, 1],
  [2, 20001, 1],
  [1, 70000, 1],
];
const kinds: readonly SoftmaxKind[] = ['softmax', 'logp'];

describe.each(backends)('softmax %s', (_name, backend) => {
  /** A view of some data, or of nothing yet, in the middle of a storage. */
  function view(shape: readonly number[], data?: Float32Array): View {
    const size = shape.reduce((n, m) => n * m, 1);
    const storage = backend.allocate('float32', size + 5);
    if (data !== undefined) backend.write(storage, 5, data);
    return { storage, dtype: 'float32', shape, strides: contiguousStrides(shape), offset: 5 };
  }

  const read = async ({ storage, shape, offset }: View): Promise<Float32Array> =>
    Float32Array.from(
      await backend.read(
        storage,
        'float32',
        offset,
        shape.reduce((n, m) => n * m, 1),
      ),
    );

  /** `weights` are what the terms of the exact results amount to, before they cancel. */
  function expectNear(actual: Float32Array, expected: Float64Array, weights: Float64Array, what: string): void {
    actual.forEach((x, i) => {
      const exact = expected[i]!;
      if (!(Math.abs(x - exact) <= 4e-6 * Math.abs(exact) + 5e-7 * weights[i]!)) expect(x, `${what}, element ${i}`).toBe(exact);
    });
  }

  it.each(shapes)('normalises lines of [%i, %i, %i]', async (inner, length, outer) => {
    const shape = [inner, length, outer];
    const size = inner * length * outer;
    const x = Float32Array.from({ length: size }, (_, i) => 4 * Math.sin(i * 1.7 + (i % 13)) + (i % 5));
    const dy = Float32Array.from({ length: size }, (_, i) => Math.cos(i * 0.9));
    for (const kind of kinds) {
      const [y, dx, weights, gradientWeights] = [0, 1, 2, 3].map(() => new Float64Array(size)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let line = 0; line < inner * outer; line++) {
        const at = (l: number): number => (line % inner) + inner * (l + length * Math.floor(line / inner));
        let [total, sum, sizes] = [0, 0, 0];
        for (let l = 0; l < length; l++) total += Math.exp(x[at(l)]!);
        for (let l = 0; l < length; l++) y[at(l)] = kind === 'softmax' ? Math.exp(x[at(l)]!) / total : x[at(l)]! - Math.log(total);
        for (let l = 0; l < length; l++) {
          const term = dy[at(l)]! * (kind === 'softmax' ? Math.fround(y[at(l)]!) : 1);
          sum += term;
          sizes += Math.abs(term);
        }
        for (let l = 0; l < length; l++) {
          const value = Math.fround(y[at(l)]!);
          const share = kind === 'softmax' ? value : Math.exp(value);
          dx[at(l)] = kind === 'softmax' ? share * (dy[at(l)]! - sum) : dy[at(l)]! - share * sum;
          gradientWeights[at(l)] = share * sizes;
          weights[at(l)] = kind === 'softmax' ? 0 : Math.abs(x[at(l)]!) + Math.log(total);
        }
      }
      const [results, gradient] = [view(shape), view(shape)];
      const before = backend.counts.dispatches;
      backend.softmax(kind, { inner, length, outer }, view(shape, x), results);
      const forward = backend.counts.dispatches - before;
      backend.softmaxGradient(kind, { inner, length, outer }, view(shape, Float32Array.from(y)), view(shape, dy), gradient);
      expect([forward, backend.counts.dispatches - before - forward]).toEqual(length > 1024 ? [forward, forward] : [1, 1]);
      expect(forward).toBeLessThanOrEqual(2);
      expectNear(await read(results), y, weights, kind);
      expectNear(await read(gradient), dx, gradientWeights, `the gradient of ${kind}`);
    }
  });

  it('neither overflows nor hides NaN, in lines of any length', async () => {
    const infinity = Number.POSITIVE_INFINITY;
    for (const length of [4, 100, 600, 20000]) {
      const run = async (kind: SoftmaxKind, fill: number, ...special: number[]): Promise<number[]> => {
        const x = new Float32Array(length).fill(fill);
        special.forEach((value, k) => {
          x[length - 1 - k] = value;
        });
        const y = view([1, length, 1]);
        backend.softmax(kind, { inner: 1, length, outer: 1 }, view([1, length, 1], x), y);
        const result = await read(y);
        return [result[0]!, result[length - 1]!, result[length - 2]!];
      };
      expect(await run('softmax', -3e38, 3e38, 0)).toEqual([0, 1, 0]);
      expect(await run('logp', -1e30, 1e30, 0)).toEqual([Math.fround(-2e30), 0, Math.fround(-1e30)]);
      expect(await run('softmax', -infinity, 7, 7)).toEqual([0, 0.5, 0.5]);
      expect(await run('logp', -infinity, 7, -1)).toEqual([-infinity, expect.closeTo(-0.000335, 6), expect.closeTo(-8.000335, 5)]);
      expect(await run('softmax', -infinity, -3.4e38)).toEqual([0, 1, 0]);
      for (const kind of kinds) {
        expect(await run(kind, 1, Number.NaN)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
        expect(await run(kind, -infinity)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      }
    }
  });
});
