import { contiguousStrides, type DType, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import type { WebgpuBackend } from '../src/index.js';
import { testBackend } from './gpu.js';

interface Layout {
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  /** Elements of the storage. */
  readonly length?: number;
}

const dtypes = ['float32', 'int32', 'uint8', 'bool'] as const;

/** Elements of a storage, of a kind that shows the order in which they are added up. */
function sample(dtype: DType, length: number, seed = 1): TypedArray {
  const data = typedArray(dtype, length);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    data[i] = dtype === 'bool' ? (x >>> 16) & 1 : dtype === 'uint8' ? x >>> 24 : dtype === 'int32' ? x | 0 : (x / 2 ** 32 - 0.5) * 100;
  }
  return data;
}

/** A view with what its storage holds. */
interface Sample {
  readonly view: View;
  readonly data: TypedArray;
}

function upload(backend: WebgpuBackend, dtype: DType, { shape, strides, offset = 0, length }: Layout, data?: TypedArray): Sample {
  const elements = data ?? sample(dtype, length ?? offset + sizeOf(shape), shape.length);
  const storage = backend.allocate(dtype, elements.length);
  backend.write(storage, 0, elements);
  return { view: { storage, dtype, shape, strides: strides ?? contiguousStrides(shape), offset }, data: elements };
}

/** Calls `f` with the index of each element of a view, and of the same element in another whose slices are chosen by the list. */
function forEach(listed: View, other: View, dim: number, list: readonly number[], f: (listed: number, other: number) => void): void {
  for (let i = 0; i < sizeOf(listed.shape); i++) {
    let [rest, p, q] = [i, listed.offset, other.offset];
    listed.shape.forEach((n, d) => {
      const x = rest % n;
      rest = (rest - x) / n;
      p += x * listed.strides[d]!;
      const inside = list[x]! >= 0 && list[x]! < other.shape[dim]!;
      q += d !== dim ? x * other.strides[d]! : inside ? list[x]! * other.strides[d]! : Number.NEGATIVE_INFINITY;
    });
    f(p, q < 0 ? -1 : q);
  }
}

function positions(backend: WebgpuBackend, list: readonly number[]): View {
  // Every other element of a storage, backwards.
  const data = new Int32Array(2 * list.length + 3).fill(1);
  list.forEach((at, j) => {
    data[2 * (list.length - j) + 1] = at;
  });
  const layout = { shape: [list.length], strides: [-2], offset: 2 * list.length + 1 };
  return upload(backend, 'int32', layout, data).view;
}

const read = (backend: WebgpuBackend, { view: { storage, dtype }, data }: Sample): Promise<TypedArray> =>
  backend.read(storage, dtype, 0, data.length);

async function checkGather(backend: WebgpuBackend, dtype: DType, from: Layout, to: Layout, dim: number, list: number[]): Promise<void> {
  const source = upload(backend, dtype, from);
  const output = upload(backend, dtype, to);
  backend.gather(source.view, positions(backend, list), output.view, dim);
  forEach(output.view, source.view, dim, list, (p, q) => {
    output.data[p] = q < 0 ? 0 : source.data[q]!;
  });
  expect(await read(backend, output)).toEqual(output.data);
}

async function checkScatter(backend: WebgpuBackend, dtype: DType, from: Layout, to: Layout, dim: number, list: number[]): Promise<void> {
  const source = upload(backend, dtype, from);
  const output = upload(backend, dtype, to);
  backend.scatterAdd(source.view, positions(backend, list), output.view, dim);
  // In float32 the typed array rounds every sum, as the device does: the bits are the same only in the same order.
  forEach(source.view, output.view, dim, list, (p, q) => {
    if (q >= 0) output.data[q]! += source.data[p]!;
  });
  expect(await read(backend, output)).toEqual(output.data);
}

/** Slices chosen from a view of 7 along `dim`: repeated, left out, beyond the end. */
const list = [6, 0, -1, 3, 6, 6, 7, 1000, -2147483648, 2147483647, 2];
const n = list.length;

/** Views of a few slices, one per position (`n`) or those that are chosen from (7), along dimension `dim`. */
const cases: readonly (readonly [name: string, dim: number, listed: Layout, other: Layout])[] = [
  ['a vector', 0, { shape: [n] }, { shape: [7] }],
  ['columns', 1, { shape: [5, n] }, { shape: [5, 7], offset: 3 }],
  ['rows', 0, { shape: [n, 5], offset: 1 }, { shape: [7, 5] }],
  ['the middle', 1, { shape: [3, n, 2] }, { shape: [3, 7, 2], offset: 2 }],
  ['a transposed view', 1, { shape: [3, n, 2], strides: [n * 2, 2, 1] }, { shape: [3, 7, 2], strides: [1, 6, 3], offset: 2 }],
  ['five dimensions', 3, { shape: [2, 1, 3, n, 2], strides: [1, 0, 4, 24, 2], length: 24 * n }, { shape: [2, 1, 3, 7, 2] }],
  [
    'reversed views',
    0,
    { shape: [n, 4], strides: [-1, n], offset: n - 1, length: 4 * n },
    { shape: [7, 4], strides: [-4, -1], offset: 27, length: 28 },
  ],
];

const backends = { gpu: await testBackend({ kernels: 'gpu' }), software: await testBackend({ kernels: 'software' }) };

for (const [kernels, backend] of Object.entries(backends)) {
  describe(`kernels for ${kernels}`, () => {
    for (const dtype of dtypes) {
      for (const [name, dim, listed, other] of cases) {
        it(`gathers ${name}, ${dtype}`, () => checkGather(backend, dtype, other, listed, dim, list));
        it(`scatters ${name}, ${dtype}`, () => checkScatter(backend, dtype, listed, other, dim, list));
      }
    }

    it('gathers from a view that repeats itself, and nothing', async () => {
      await checkGather(backend, 'float32', { shape: [7, 3], strides: [1, 0], length: 7 }, { shape: [n, 3] }, 0, list);
      await checkGather(backend, 'float32', { shape: [0, 3] }, { shape: [n, 3] }, 0, list);
      await checkGather(backend, 'uint8', { shape: [7, 0] }, { shape: [n, 0], length: 2 }, 0, list);
      await checkGather(backend, 'int32', { shape: [7] }, { shape: [0], length: 2 }, 0, []);
    });

    it('scatters a view that repeats itself, and nothing', async () => {
      await checkScatter(backend, 'float32', { shape: [n, 3], strides: [0, 1], length: 3 }, { shape: [7, 3] }, 0, list);
      await checkScatter(backend, 'float32', { shape: [n, 3] }, { shape: [0, 3], length: 4 }, 0, list);
      await checkScatter(backend, 'float32', { shape: [0] }, { shape: [7] }, 0, []);
    });

    // Above the number of comparisons that `kernels` allows, positions are sorted: by 1, 2 and 3 digits.
    const many = kernels === 'gpu' ? 16_500 : 3000;
    for (const [length, slice] of [
      [9, 1],
      [200, 2],
      [3000, 1],
      [70_000, 1],
    ] as const) {
      it(`scatters ${many} slices of ${slice} to ${length} places in their order`, async () => {
        const random = sample('int32', many, 7);
        const far = Array.from(random, (x, j) => (j % 10 === 0 ? -1 - (x & 255) : ((x >>> 4) % Math.ceil(length * 1.1)) >> (j & 1)));
        const [before, groups] = [backend.counts.dispatches, Math.ceil(Math.log2(length + 1) / 8)];
        await checkScatter(backend, 'float32', { shape: [slice, many] }, { shape: [slice, length] }, 1, far);
        expect(backend.counts.dispatches - before).toBe(3 * groups + 1);
      });
    }

    it('scatters a few slices in one dispatch', async () => {
      const tokens = Array.from({ length: 32 }, (_, j) => (j * j) % 29);
      const before = backend.counts.dispatches;
      await checkScatter(backend, 'float32', { shape: [100, 32] }, { shape: [100, 256] }, 1, tokens);
      expect(backend.counts.dispatches - before).toBe(1);
    });

    it('scatters within one storage', async () => {
      for (const dtype of dtypes) {
        const { view, data } = upload(backend, dtype, { shape: [40] });
        const part = (offset: number, length: number): View => ({ ...view, shape: [length], offset });
        backend.scatterAdd(part(3, n), positions(backend, list), part(20, 7), 0);
        list.forEach((at, j) => {
          if (at >= 0 && at < 7) data[20 + at]! += data[3 + j]!;
        });
        expect(await backend.read(view.storage, dtype, 0, 40)).toEqual(data);
      }
    });
  });
}
