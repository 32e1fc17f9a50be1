import { contiguousStrides, type DType, type TypedArray, type View } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const backends = [
  ['for GPUs', await testBackend({ kernels: 'gpu' })],
  ['in software', await testBackend({ kernels: 'software' })],
] as const;

const noise = (i: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 5) - 2 ** 26;

describe.each(backends)('cumulative sums %s', (_name, backend) => {
  /** Runs the kernel on elements of a storage, and reads the result. */
  async function run(data: TypedArray, view: Omit<View, 'storage'>, dim: number): Promise<TypedArray> {
    const { dtype, shape } = view;
    const size = shape.reduce((n, m) => n * m, 1);
    const [storage, target] = [backend.allocate(dtype, data.length), backend.allocate(dtype, size + 2)];
    backend.write(storage, 0, data);
    backend.cumsum({ ...view, storage }, { storage: target, dtype, shape, strides: contiguousStrides(shape), offset: 2 }, dim);
    return await backend.read(target, dtype, 2, size);
  }

  const contiguous = (dtype: DType, shape: readonly number[]): Omit<View, 'storage'> => {
    return { dtype, shape, strides: contiguousStrides(shape), offset: 0 };
  };

  it.each([
    [[1]],
    [[64]],
    [[65]],
    [[2047]],
    [[2049]],
    [[70001]],
    [[5, 4]],
    [[300, 3]],
    [[3, 300]],
    [[7, 5000]],
    [[5000, 3]],
    [[70, 66, 3]],
    [[66, 3, 70]],
  ])('of int32 %j wrap', async shape => {
    const size = shape.reduce((n, m) => n * m, 1);
    const data = Int32Array.from({ length: size }, (_, i) => noise(i));
    for (let dim = 0; dim < shape.length; dim++) {
      const step = shape.slice(0, dim).reduce((n, m) => n * m, 1);
      const expected = data.slice();
      for (let i = 0; i < size; i++) if (Math.floor(i / step) % shape[dim]! > 0) expected[i]! += expected[i - step]!;
      expect(await run(data, contiguous('int32', shape), dim), `along ${dim}`).toEqual(expected);
    }
  });

  it('of views with any strides', async () => {
    const data = Int32Array.from({ length: 6000 }, (_, i) => noise(i));
    for (const strides of [
      [-1, 30, -700],
      [9, 0, 1],
      [0, -2, 300],
    ]) {
      const view = { dtype: 'int32' as const, shape: [20, 90, 3], strides, offset: 1500 };
      const expected = new Int32Array(20 * 90 * 3);
      for (let dim = 0; dim < 3; dim++) {
        const step = [1, 20, 1800][dim]!;
        for (let i = 0; i < expected.length; i++) {
          const at = [i % 20, Math.floor(i / 20) % 90, Math.floor(i / 1800)];
          expected[i] = data[at.reduce((sum, p, d) => sum + p * strides[d]!, 1500)]! + (at[dim]! > 0 ? expected[i - step]! : 0);
        }
        expect(await run(data, view, dim), `[${strides}] along ${dim}`).toEqual(expected);
      }
    }
  });

  it('of float32 lose no accuracy with length', async () => {
    for (const shape of [[300_000], [3, 100_000], [100, 3000]]) {
      const data = Float32Array.from({ length: 300_000 }, (_, i) => 0.1 + (i % 7) / 30);
      for (let dim = 0; dim < shape.length; dim++) {
        const actual = await run(data, contiguous('float32', shape), dim);
        const step = dim === 0 ? 1 : shape[0]!;
        const exact = Float64Array.from(data);
        let worst = 0;
        for (let i = 0; i < exact.length; i++) {
          if (Math.floor(i / step) % shape[dim]! > 0) exact[i]! += exact[i - step]!;
          worst = Math.max(worst, Math.abs(actual[i]! / exact[i]! - 1));
        }
        expect(worst).toBeLessThan(1e-6);
      }
    }
  });

  it('carry NaN and infinities along', async () => {
    const data = new Float32Array(5000).fill(1);
    data[100] = Number.POSITIVE_INFINITY;
    data[4000] = Number.NEGATIVE_INFINITY;
    const result = await run(data, contiguous('float32', [5000]), 0);
    expect([99, 100, 3999, 4000, 4999].map(i => result[i])).toEqual([100, data[100], data[100], Number.NaN, Number.NaN]);
  });

  it('need one dispatch, or two for few long lines', async () => {
    const count = async (shape: readonly number[]): Promise<number> => {
      const before = backend.counts.dispatches;
      await run(new Float32Array(shape.reduce((n, m) => n * m, 1)), contiguous('float32', shape), 0);
      return backend.counts.dispatches - before;
    };
    expect(await count([10, 100])).toBe(1);
    expect(await count([200])).toBe(1);
    expect(await count([100000])).toBe(2);
  });
});
