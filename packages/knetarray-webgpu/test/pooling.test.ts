import { type Backend, type DType, type PoolingGeometry, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const oracle = cpuBackend({ wasm: false });

const geometries: Readonly<Record<string, PoolingGeometry>> = {
  'of single elements': { x: [1, 1], y: [1, 1], window: [1, 1], padding: [0, 0], stride: [1, 1], planes: 1 },
  'of lines': { x: [11], y: [5], window: [2], padding: [0], stride: [2], planes: 3 },
  'of halves': { x: [12, 8], y: [6, 4], window: [2, 2], padding: [0, 0], stride: [2, 2], planes: 7 },
  'of odd halves': { x: [23, 7], y: [11, 3], window: [2, 2], padding: [0, 0], stride: [2, 2], planes: 5 },
  'of many halves': { x: [26, 6], y: [13, 3], window: [2, 2], padding: [0, 0], stride: [2, 2], planes: 40 },
  'of thirds': { x: [9, 6], y: [3, 2], window: [3, 3], padding: [0, 0], stride: [3, 3], planes: 2 },
  'with gaps': { x: [11, 9], y: [4, 3], window: [2, 1], padding: [0, 0], stride: [3, 4], planes: 2 },
  'with padding': { x: [9, 8], y: [4, 3], window: [3, 3], padding: [1, 2], stride: [3, 4], planes: 3 },
  'of windows that overlap': { x: [9, 7], y: [5, 7], window: [3, 3], padding: [1, 1], stride: [2, 1], planes: 2 },
  'of windows that overlap within x': { x: [8, 7], y: [3, 3], window: [3, 3], padding: [0, 0], stride: [2, 2], planes: 3 },
  'of large windows': { x: [13, 12], y: [2, 2], window: [7, 6], padding: [1, 0], stride: [7, 6], planes: 2 },
  'of a clipped window': { x: [2, 5], y: [1, 2], window: [3, 2], padding: [0, 0], stride: [1, 3], planes: 2 },
  'of volumes': { x: [5, 4, 3], y: [2, 2, 2], window: [2, 2, 2], padding: [0, 0, 0], stride: [3, 2, 1], planes: 3 },
  'of four dimensions': { x: [4, 4, 4, 2], y: [2, 2, 2, 1], window: [2, 2, 2, 2], padding: [0, 0, 0, 0], stride: [2, 2, 2, 2], planes: 2 },
};

/** Few different numbers with ties, or all the numbers that are hard to order. */
function sample(dtype: DType, length: number, hard: boolean): TypedArray {
  const least =
    dtype === 'float32' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, -0, 0, 1e-42, -1e-42, -1] : [-(2 ** 31), -1];
  let x = 7;
  const data = typedArray(dtype, length);
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    data[i] = hard ? least[(x >>> 20) % least.length]! : ((x >>> 20) % 9) - 4;
  }
  return data;
}

/** A view that begins in the middle of its storage. */
function upload(backend: Backend, shape: readonly number[], data: TypedArray, dtype: DType): View {
  const offset = 3;
  const storage = backend.allocate(dtype, data.length + offset);
  backend.write(storage, offset, data);
  return { storage, dtype, shape, strides: [], offset };
}

const read = (backend: Backend, { storage, dtype, shape, offset }: View): Promise<TypedArray> =>
  backend.read(storage, dtype, offset, sizeOf(shape));

async function check(backend: Backend, dtype: DType, g: PoolingGeometry, hard: boolean): Promise<void> {
  const [shape, yShape] = [
    [...g.x, g.planes],
    [...g.y, g.planes],
  ];
  const x = sample(dtype, sizeOf(shape), hard);
  const pool = async (of: Backend, withIndices: boolean): Promise<TypedArray[]> => {
    const y = upload(of, yShape, typedArray(dtype, sizeOf(yShape)).fill(77), dtype);
    const indices = withIndices ? upload(of, yShape, typedArray('int32', sizeOf(yShape)).fill(77), 'int32') : undefined;
    of.maxPooling!(g, upload(of, shape, x, dtype), y, indices);
    return Promise.all((indices === undefined ? [y] : [y, indices]).map(view => read(of, view)));
  };
  const expected = await pool(oracle, true);
  expect(await pool(backend, true)).toEqual(expected);
  expect(await pool(backend, false)).toEqual(expected.slice(0, 1));
  const dy = sample(dtype, sizeOf(yShape), false);
  const dx = typedArray(dtype, x.length);
  expected[1]!.forEach((at: number, i: number) => {
    dx[at]! += dy[i]!;
  });
  const result = upload(backend, shape, typedArray(dtype, x.length).fill(77), dtype);
  backend.maxPoolingGradient!(g, upload(backend, shape, x, dtype), upload(backend, yShape, dy, dtype), result);
  expect(await read(backend, result)).toEqual(dx);
}

describe.each([
  ['software', await testBackend({ kernels: 'software' })],
  ['gpu', await testBackend({ kernels: 'gpu' })],
])('max pooling for %s', (_, backend) => {
  for (const dtype of ['float32', 'int32'] as const) {
    for (const [name, g] of Object.entries(geometries)) {
      it(`${name}, ${dtype}`, async () => {
        await check(backend, dtype, g, false);
        await check(backend, dtype, g, true);
      });
    }
  }
});
