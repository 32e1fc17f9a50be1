import { contiguousStrides, type DType, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import type { WebgpuBackend, WebgpuOptions } from '../src/index.js';
import { gpuWith, testBackend } from './gpu.js';

/** How a matrix, or a batch of them, lies in its storage. */
type Layout = 'plain' | 'turned' | 'spaced' | 'backwards' | 'repeated';

/** A view with what its storage holds. */
interface Sample {
  readonly view: View;
  readonly data: TypedArray;
}

interface Case {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch?: readonly number[];
  readonly a?: Layout;
  readonly b?: Layout;
  readonly c?: Layout;
  readonly alpha?: number;
  readonly beta?: number;
  readonly dtype?: 'float32' | 'int32';
}

function random(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x / 2 ** 32;
  };
}

/** Strides and offset of a layout, and the elements that the storage has. */
function place(shape: readonly number[], layout: Layout): { strides: number[]; offset: number; length: number } {
  const strides = contiguousStrides(shape).slice();
  const size = sizeOf(shape);
  if (layout === 'turned') {
    strides[0] = shape[1]!;
    strides[1] = 1;
  }
  if (layout === 'spaced') return { strides: strides.map(s => 3 * s), offset: 5, length: 3 * size + 7 };
  if (layout === 'backwards') return { strides: strides.map(s => -s), offset: Math.max(size - 1, 0), length: size };
  // The last dimension repeats: the matrices of a batch, or the columns of a matrix.
  if (layout === 'repeated') strides[shape.length - 1] = 0;
  return { strides, offset: 0, length: size };
}

function upload(backend: WebgpuBackend, dtype: DType, shape: readonly number[], layout: Layout, element: () => number): Sample {
  const { strides, offset, length } = place(shape, layout);
  const data = typedArray(dtype, length);
  for (let i = 0; i < length; i++) data[i] = element();
  const storage = backend.allocate(dtype, length);
  backend.write(storage, 0, data);
  return { view: { storage, dtype, shape, strides, offset }, data };
}

/** Element (i, j) of the matrix of a batch that has this number. */
function placeOf({ shape, strides, offset }: View, i: number, j: number, matrix: number): number {
  let at = offset + i * strides[0]! + j * strides[1]!;
  let rest = matrix;
  for (let d = 2; d < shape.length; d++) {
    const x = rest % shape[d]!;
    rest = (rest - x) / shape[d]!;
    at += x * strides[d]!;
  }
  return at;
}

/** Multiplies on the device, and compares the whole storage of the output with the definition. */
async function check(backend: WebgpuBackend, { m, k, n, batch = [], a = 'plain', b = 'plain', c = 'plain', ...rest }: Case): Promise<void> {
  const { alpha = 1, beta = 0, dtype = 'float32' } = rest;
  const next = random(m + 7 * k + 31 * n);
  const element = dtype === 'int32' ? () => (next() * 2 ** 32) | 0 : () => next() * 2 - 1;
  const left = upload(backend, dtype, [m, k, ...batch], a, element);
  const right = upload(backend, dtype, [k, n, ...batch], b, element);
  const result = upload(backend, dtype, [m, n, ...batch], c, beta === 0 && dtype === 'float32' ? () => Number.NaN : element);
  const expected = Float64Array.from(result.data);
  const allowed = new Float64Array(expected.length);
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < m; i++) {
        let [sum, size] = [0, 0];
        for (let l = 0; l < k; l++) {
          const [x, y] = [left.data[placeOf(left.view, i, l, matrix)]!, right.data[placeOf(right.view, l, j, matrix)]!];
          sum = dtype === 'int32' ? (sum + Math.imul(x, y)) | 0 : sum + x * y;
          size += Math.abs(x * y);
        }
        const at = placeOf(result.view, i, j, matrix);
        const old = beta === 0 ? 0 : beta * result.data[at]!;
        expected[at] = dtype === 'int32' ? (Math.imul(alpha, sum) + old) | 0 : alpha * sum + old;
        allowed[at] = dtype === 'int32' ? 0 : 1e-6 * (Math.abs(alpha) * size + Math.abs(old));
      }
    }
  }
  backend.matmul(left.view, right.view, result.view, alpha, beta);
  const actual = await backend.read(result.view.storage, dtype, 0, result.data.length);
  for (let i = 0; i < actual.length; i++) {
    // What lies between the elements of the output stays as it was.
    const near = Object.is(actual[i], expected[i]) || Math.abs(actual[i]! - expected[i]!) <= allowed[i]!;
    if (!near) expect.fail(`element ${i} of ${JSON.stringify({ m, k, n, batch, a, b, c, ...rest })} is ${actual[i]}, not ${expected[i]}`);
  }
  for (const { view } of [left, right, result]) backend.release(view.storage);
}

const noSubgroups = gpuWith(({ features }) => ({ features: new Set([...features].filter(name => name !== 'subgroups')) }));
const devices: Readonly<Record<string, WebgpuOptions>> = {
  gpu: { kernels: 'gpu' },
  software: { kernels: 'software' },
  'software without subgroups': { kernels: 'software', gpu: noSubgroups },
};

describe.each(Object.entries(devices))('matmul for %s', async (_, options) => {
  const backend = await testBackend(options);
  const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
    [1, 1, 1],
    [1, 13, 53],
    [53, 4, 1],
    [2, 3, 5],
    [5, 2, 3],
    [10, 66, 9],
    [17, 33, 18],
    [40, 65, 37],
    [70, 7, 65],
    [6, 515, 5],
  ];
  const layouts: readonly Layout[] = ['plain', 'turned', 'spaced', 'backwards', 'repeated'];

  it.each(sizes)('multiplies [%i, %i] and [.., %i]', async (m, k, n) => {
    for (const a of ['plain', 'turned'] as const) for (const b of ['plain', 'turned'] as const) await check(backend, { m, k, n, a, b });
    await check(backend, { m, k, n, a: 'spaced', b: 'backwards', c: 'turned' });
  });

  it('multiplies views of all layouts', async () => {
    for (const a of layouts) for (const b of layouts) await check(backend, { m: 11, k: 9, n: 10, a, b });
    for (const c of ['turned', 'spaced', 'backwards'] as const) await check(backend, { m: 11, k: 9, n: 10, a: 'turned', c });
  });

  it('multiplies batches', async () => {
    for (const batch of [[1], [3], [2, 3], [2, 1, 3, 2], [70], [0]]) {
      for (const a of ['plain', 'spaced', 'repeated'] as const) await check(backend, { m: 5, k: 6, n: 7, batch, a, b: 'turned' });
      await check(backend, { m: 5, k: 3, n: 6, batch, a: 'spaced', b: 'repeated', c: 'backwards' });
    }
  });

  it('multiplies large results', async () => {
    // Enough tiles for the largest ones, with rests at both edges.
    await check(backend, { m: 453, k: 19, n: 507, a: 'turned' });
    await check(backend, { m: 65, k: 5, n: 66, batch: [17], b: 'turned' });
  });

  it('scales, and adds to the output', async () => {
    for (const [alpha, beta] of [
      [2, 0],
      [1, 1],
      [-3, 2],
      [0, 1],
    ] as const) {
      for (const dtype of ['float32', 'int32'] as const) {
        await check(backend, { m: 10, k: 9, n: 6, alpha, beta, dtype, c: 'spaced' });
        await check(backend, { m: 3, k: 4300, n: 5, alpha, beta, dtype, c: 'turned' });
      }
    }
    await check(backend, { m: 4, k: 6, n: 5, alpha: 0.5, beta: -0.25, batch: [3] });
  });

  it('wraps integers', async () => {
    for (const [m, k, n] of sizes) await check(backend, { m, k, n, dtype: 'int32', a: 'turned' });
    await check(backend, { m: 4, k: 5, n: 6, dtype: 'int32', batch: [3] });
  });

  it('divides long sums', async () => {
    for (const [m, k, n] of [
      [1, 5003, 1],
      [9, 2051, 20],
      [20, 2600, 7],
      [40, 4100, 3],
    ] as const) {
      await check(backend, { m, k, n, a: 'turned', beta: 1 });
      await check(backend, { m, k, n, b: 'spaced', c: 'turned' });
    }
    await check(backend, { m: 6, k: 3000, n: 5, batch: [2, 2], a: 'repeated', c: 'spaced' });
  });

  it('takes nothing for something', async () => {
    await check(backend, { m: 3, k: 0, n: 4 });
    await check(backend, { m: 3, k: 0, n: 4, beta: 2, c: 'spaced' });
    await check(backend, { m: 0, k: 3, n: 4 });
    await check(backend, { m: 4, k: 3, n: 0 });
  });

  it('loses no accuracy in long sums', async () => {
    const k = 100_000;
    for (const [m, n] of [
      [2, 3],
      [18, 17],
    ] as const) {
      const a = upload(backend, 'float32', [m, k], 'plain', () => 0.1);
      const b = upload(backend, 'float32', [k, n], 'plain', () => 0.7);
      const c = upload(backend, 'float32', [m, n], 'plain', () => 0);
      backend.matmul(a.view, b.view, c.view, 1, 0);
      const expected = k * Math.fround(0.1) * Math.fround(0.7);
      for (const x of await backend.read(c.view.storage, 'float32', 0, m * n)) expect(Math.abs(x / expected - 1)).toBeLessThan(4e-6);
    }
  });

  it('keeps infinities where they are', async () => {
    // Steps beyond the last one of an odd number must not be multiplied by 0.
    const k = 5;
    const a = upload(backend, 'float32', [6, k], 'plain', () => Number.POSITIVE_INFINITY);
    const b = upload(backend, 'float32', [k, 7], 'plain', () => 1);
    const c = upload(backend, 'float32', [6, 7], 'plain', () => 0);
    backend.matmul(a.view, b.view, c.view, 1, 0);
    expect(await backend.read(c.view.storage, 'float32', 0, 42)).toEqual(new Float32Array(42).fill(Number.POSITIVE_INFINITY));
  });

  it('multiplies parts of one storage', async () => {
    const all = upload(backend, 'float32', [32], 'plain', () => 2);
    const part = (offset: number): View => ({ ...all.view, shape: [2, 2], strides: [1, 2], offset });
    backend.matmul(part(4), part(8), part(16), 1, 0);
    const expected = new Float32Array(32).fill(2);
    expected.fill(8, 16, 20);
    expect(await backend.read(all.view.storage, 'float32', 0, 32)).toEqual(expected);
  });

  it('takes one dispatch, and two for slices', async () => {
    for (const [m, k, n, dispatches] of [
      [64, 784, 100, 1],
      [10, 64, 100, 1],
      [3, 9000, 2, 2],
    ] as const) {
      const before = backend.counts.dispatches;
      await check(backend, { m, k, n });
      expect(backend.counts.dispatches - before).toBe(dispatches);
    }
  });
});
