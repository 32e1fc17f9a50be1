import {
  array,
  contiguousStrides,
  type DType,
  identityProgram,
  type KnetArray,
  type ReduceOp,
  type TypedArray,
  useBackend,
  type View,
} from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import type { WebgpuBackend } from '../src/index.js';
import { gpuWith, testBackend } from './gpu.js';

const withoutSubgroups = gpuWith(({ features }) => ({ features: new Set([...features].filter(name => name !== 'subgroups')) }));
const backends: readonly (readonly [name: string, backend: WebgpuBackend])[] = [
  ['for GPUs', await testBackend({ kernels: 'gpu', name: 'gpu' })],
  ['for GPUs without subgroups', await testBackend({ kernels: 'gpu', name: 'plain gpu', gpu: withoutSubgroups })],
  ['in software', await testBackend({ kernels: 'software', name: 'software' })],
];

it('is tested with and without subgroups', () => {
  expect(backends.map(([, { device }]) => device.features.has('subgroups'))).toEqual([true, false, true]);
});

/** Whole numbers without a pattern: every misplaced element changes a sum. */
const noise = (i: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 7) % 100003;

describe.each(backends)('reductions %s', (_name, backend) => {
  const device = useBackend(backend);
  const upload = (data: TypedArray, shape: readonly number[] = [data.length]): KnetArray => array(data, { shape, device });

  /** Reduces int32 noise of a shape over dimensions, on the device and here. */
  async function check(shape: readonly number[], dims: readonly number[]): Promise<void> {
    const size = shape.reduce((n, m) => n * m, 1);
    const data = Int32Array.from({ length: size }, (_, i) => noise(i));
    const strides = contiguousStrides(shape.map((n, d) => (dims.includes(d) ? 1 : n)));
    const expected = new Int32Array(shape.reduce((n, m, d) => (dims.includes(d) ? n : n * m), 1));
    for (let i = 0; i < size; i++) {
      let [rest, into] = [i, 0];
      shape.forEach((n, d) => {
        if (!dims.includes(d)) into += (rest % n) * strides[d]!;
        rest = Math.floor(rest / n);
      });
      expected[into]! += data[i]!;
    }
    expect(await upload(data, shape).sum({ dims }).data(), `[${shape}] over [${dims}]`).toEqual(expected);
  }

  it('takes every element once, whatever the length', async () => {
    for (const n of [2, 31, 32, 33, 64, 255, 256, 257, 511, 513, 1024, 4095, 4097, 8193, 65537, 300001]) await check([n], [0]);
  });

  it.each([1, 15, 17, 300])('takes every element once, for %i outputs', async outputs => {
    for (const n of [3, 40, 300, 2050]) {
      await check([n, outputs], [0]);
      await check([outputs, n], [1]);
    }
  });

  it('takes every element once, of several dimensions', async () => {
    await check([24, 24, 20, 10], [0, 1, 3]);
    await check([3, 20, 1000], [0, 2]);
    await check([5, 4, 3, 7, 6], [0, 2, 4]);
    await check([5, 40, 3, 7, 6], [0, 2, 3]);
    await check([20, 300, 17], [1]);
    await check([2, 70, 3, 90], [1, 3]);
    await check([40000, 3], [0]);
    await check([70000, 2], [1]);
  });

  it('sums float32 without losing accuracy', async () => {
    const n = 1_000_003;
    const data = Float32Array.from({ length: n }, (_, i) => 0.1 + (noise(i) % 1000) / 3000);
    const total = data.reduce((a, b) => a + b, 0);
    expect(Math.abs((await upload(data).sum().item()) / total - 1)).toBeLessThan(5e-7);
    for (const [shape, dims] of [
      [[20, 50000], [1]],
      [[50000, 20], [0]],
      [
        [4, 20, 12500],
        [0, 2],
      ],
    ] as const) {
      const x = upload(data.subarray(0, 1_000_000), shape);
      const [result, kept] = [await x.sum({ dims }).data(), shape.indexOf(20)];
      const exact = new Float64Array(20);
      const step = shape.slice(0, kept).reduce((a, b) => a * b, 1);
      for (let i = 0; i < 1_000_000; i++) exact[Math.floor(i / step) % 20]! += data[i]!;
      for (let i = 0; i < 20; i++) expect(Math.abs(result[i]! / exact[i]! - 1)).toBeLessThan(5e-7);
    }
  });

  it('gives the same bits each time', async () => {
    const data = Float32Array.from({ length: 100000 }, (_, i) => Math.sin(i * i));
    const first = await upload(data).sum().item();
    for (let k = 0; k < 3; k++) expect(await upload(data).sum().item()).toBe(first);
  });

  it('finds the first of equal extremes, and NaN before all', async () => {
    const n = 150000;
    const x = new Float32Array(n);
    const at = async (): Promise<number[]> => [await upload(x).argmax().item(), await upload(x).argmin().item()];
    expect(await at()).toEqual([0, 0]);
    x[777] = -0;
    expect(await at()).toEqual([0, 0]);
    x[140001] = x[140000] = x[99999] = 3;
    x[140003] = x[70001] = x[70003] = -3;
    expect(await at()).toEqual([99999, 70001]);
    x.fill(Number.NEGATIVE_INFINITY);
    expect(await at()).toEqual([0, 0]);
    x[120001] = x[120000] = Number.NaN;
    expect(await at()).toEqual([120000, 120000]);
  });

  it('gives the largest and the smallest number, NaN if there is one', async () => {
    const x = Float32Array.from({ length: 5000 }, (_, i) => (i % 977) - 488);
    const both = async (): Promise<number[]> => [await upload(x).maximum().item(), await upload(x).minimum().item()];
    expect(await both()).toEqual([488, -488]);
    x.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 4321);
    expect(await both()).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    // Of either sign.
    for (const bits of [0x7fc00000, 0xffc00000, 0xff800001]) {
      new Uint32Array(x.buffer)[1234] = bits;
      expect(await both()).toEqual([Number.NaN, Number.NaN]);
    }
    expect(
      await upload(new Float32Array([-0, 0, -0]))
        .maximum()
        .item(),
    ).toBe(0);
    expect(
      await upload(new Float32Array([0, -0, 0]))
        .minimum()
        .item(),
    ).toBe(-0);
  });

  it('reduces bytes and truth values, and wraps whole numbers', async () => {
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => 7 + (noise(i) % 240));
    expect(await upload(bytes).maximum().item()).toBe(Math.max(...bytes));
    expect(await upload(bytes).minimum().item()).toBe(Math.min(...bytes));
    expect(await upload(bytes, [17, 59]).maximum({ dims: 0 }).data()).toEqual(
      Uint8Array.from({ length: 59 }, (_, j) => Math.max(...bytes.subarray(17 * j, 17 * j + 17))),
    );
    expect(await upload(bytes).sum().item()).toBe(bytes.reduce((a, b) => a + b, 0));
    const large = Int32Array.from({ length: 700 }, (_, i) => noise(i) * 20011 + 1);
    expect(await upload(large).sum().item()).toBe(large.reduce((a, b) => (a + b) | 0, 0));
    expect(await upload(large).prod().item()).toBe(large.reduce((a, b) => Math.imul(a, b), 1));
    expect(
      await upload(new Int32Array([5, -(2 ** 31), 2 ** 31 - 1]))
        .minimum()
        .item(),
    ).toBe(-(2 ** 31));
  });

  it('reduces what a program computes, in the same dispatch', async () => {
    const data = Float32Array.from({ length: 60 * 50 }, (_, i) => (noise(i) % 64) - 32);
    const x = upload(data, [60, 50]);
    const row = upload(
      Float32Array.from({ length: 50 }, (_, j) => j % 5),
      [50, 1],
    );
    const before = backend.counts.dispatches;
    const result = await x.transpose().mul(row).add(1).sum({ dims: 1 }).data();
    expect(backend.counts.dispatches - before).toBe(1);
    const column = (j: number): number => data.subarray(60 * j, 60 * j + 60).reduce((sum, v) => sum + v * (j % 5) + 1, 0);
    expect(result).toEqual(Float32Array.from({ length: 50 }, (_, j) => column(j)));
  });

  it('reduces views with any strides', async () => {
    const data = Int32Array.from({ length: 3000 }, (_, i) => noise(i));
    const storage = backend.allocate('int32', 3000);
    backend.write(storage, 0, data);
    for (const strides of [
      [-1, -30, 0],
      [-2, 0, -70],
      [0, 3, 60],
      [60, -3, 1],
    ]) {
      const view: View = { storage, dtype: 'int32', shape: [20, 9, 13], strides, offset: 1200 };
      for (const kept of [
        [1, 9, 1],
        [20, 1, 13],
        [1, 1, 13],
        [20, 1, 1],
        [1, 1, 1],
      ]) {
        const length = kept.reduce((n, m) => n * m, 1);
        const output: View = {
          storage: backend.allocate('int32', length + 3),
          dtype: 'int32',
          shape: kept,
          strides: contiguousStrides(kept),
          offset: 3,
        };
        backend.reduce('sum', identityProgram('int32'), [view], [], view.shape, output);
        const expected = new Int32Array(length);
        for (let i = 0; i < 20 * 9 * 13; i++) {
          const at = [i % 20, Math.floor(i / 20) % 9, Math.floor(i / 180)];
          const into = at.reduce((sum, p, d) => sum + (kept[d] === 1 ? 0 : p * output.strides[d]!), 0);
          expected[into]! += data[at.reduce((sum, p, d) => sum + p * strides[d]!, 1200)]!;
        }
        expect(await backend.read(output.storage, 'int32', 3, length), `[${strides}] to [${kept}]`).toEqual(expected);
      }
    }
  });

  it('needs one dispatch, or two for few results of many elements', async () => {
    const count = (shape: readonly number[], dims: readonly number[]): number => {
      const before = backend.counts.dispatches;
      upload(new Float32Array(shape.reduce((n, m) => n * m, 1)).fill(1), shape).sum({ dims });
      return backend.counts.dispatches - before;
    };
    expect(count([500, 100], [1])).toBe(1);
    expect(count([10, 100], [0])).toBe(1);
    expect(count([1000], [0])).toBe(1);
    expect(count([24, 24, 20, 100], [0, 1, 3])).toBe(2);
    expect(count([1000000], [0])).toBe(2);
  });

  it.each([
    ['sum', 'float32', 0],
    ['prod', 'float32', 1],
    ['max', 'float32', Number.NEGATIVE_INFINITY],
    ['min', 'float32', Number.POSITIVE_INFINITY],
    ['max', 'int32', -(2 ** 31)],
    ['min', 'int32', 2 ** 31 - 1],
    ['max', 'uint8', 0],
    ['min', 'uint8', 255],
    ['min', 'bool', 1],
  ] as [ReduceOp, DType, number][])('gives the %s of no %s', async (op, dtype, nothing) => {
    const view = (shape: readonly number[]): View => {
      return { storage: backend.allocate(dtype, 4), dtype, shape, strides: contiguousStrides(shape), offset: 0 };
    };
    const output = view([3, 1]);
    backend.reduce(op, identityProgram(dtype), [view([3, 0])], [], [3, 0], output);
    expect([...(await backend.read(output.storage, dtype, 0, 3))]).toEqual([nothing, nothing, nothing]);
  });
});
