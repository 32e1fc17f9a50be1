import { describe, expect, it } from 'vitest';
import { cpuBackend } from '../src/index.js';
import { loadFloat32Kernels } from '../src/wasm/kernels.js';
import type { PoolGeometry } from '../src/wasm/pool.js';
import { randomArray } from './wasm-kernels.js';

const kernels = loadFloat32Kernels()!;

function geometry(x: number[], window: number[], stride: number[], padding: number[], planes: number): PoolGeometry {
  const y = x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - window[d]!) / stride[d]!));
  return { x, window, y, padding, stride, planes };
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/** Coordinates of flat index `i`. */
const unravel = (i: number, sizes: readonly number[]) => {
  return sizes.map(n => {
    const c = i % n;
    i = Math.floor(i / n);
    return c;
  });
};

/** Place of the first maximum (or NaN) of every window, by looking at every element. */
function reference(g: PoolGeometry, x: Float32Array): number[] {
  const places: number[] = [];
  for (let plane = 0; plane < g.planes; plane++) {
    for (let j = 0; j < product(g.y); j++) {
      const start = unravel(j, g.y).map((v, d) => v * g.stride[d]! - g.padding[d]!);
      const inside: number[] = [];
      for (let i = 0; i < product(g.x); i++) {
        if (unravel(i, g.x).every((v, d) => v >= start[d]! && v < start[d]! + g.window[d]!)) inside.push(i + plane * product(g.x));
      }
      const nan = inside.find(i => Number.isNaN(x[i]!));
      places.push(nan ?? inside.reduce((best, i) => (x[i]! > x[best]! ? i : best)));
    }
  }
  return places;
}

const cases: [string, PoolGeometry][] = [
  ['2 x 2', geometry([12, 8], [2, 2], [2, 2], [0, 0], 5)],
  ['2 x 2 of odd sizes', geometry([11, 7], [2, 2], [2, 2], [0, 0], 3)],
  ['2 x 2 in several chunks', geometry([24, 24], [2, 2], [2, 2], [0, 0], 150)],
  ['2 x 2 with padding', geometry([6, 5], [2, 2], [2, 2], [1, 1], 3)],
  ['3 x 2 overlapping', geometry([9, 6], [3, 2], [2, 1], [1, 0], 4)],
  ['1-D', geometry([17], [4], [3], [2], 3)],
  ['3-D', geometry([6, 5, 4], [2, 3, 2], [2, 1, 2], [0, 1, 1], 2)],
];

describe('maxPool', () => {
  it.each(cases)('%s: maxima, places and gradient', (_name, g) => {
    const size = product(g.x) * g.planes;
    // Few distinct values, so that ties are common, and some NaN.
    const x = randomArray(size, 3).map((v, i) => (i % 37 === 5 ? Number.NaN : Math.round(v * 4)));
    const places = reference(g, x);
    const shifted = Float32Array.from([7, 7, ...x]);
    const y = new Float32Array(places.length + 1).fill(-9);
    const index = new Int32Array(places.length + 3).fill(-9);
    kernels.maxPool(g, shifted, 2, y, 1, index, 3);
    expect([...index]).toEqual([-9, -9, -9, ...places]);
    expect([...y]).toEqual([-9, ...places.map(i => x[i]!)]);

    const dy = randomArray(places.length + 1, 4);
    const dx = new Float32Array(size + 2).fill(-9);
    kernels.maxPoolGradient(g, dy, 1, index, 3, dx, 1);
    const expected = new Float32Array(size + 2);
    expected[0] = -9;
    expected[size + 1] = -9;
    places.forEach((place, j) => {
      expected[1 + place]! += dy[1 + j]!;
    });
    expect(dx).toEqual(expected);
  });

  it('rejects padding that leaves windows empty', () => {
    const g = geometry([6], [2], [2], [2], 1);
    expect(() => kernels.maxPool(g, new Float32Array(6), 0, new Float32Array(5), 0, new Int32Array(5), 0)).toThrow(/maxPool: padding 2/);
  });

  it('of the backend goes through four dimensions', () => {
    const g = geometry([3, 4, 3, 4], [2, 2, 1, 2], [1, 2, 1, 2], [0, 1, 0, 0], 2);
    const x = randomArray(product(g.x) * g.planes, 5);
    const backend = cpuBackend();
    const view = (dtype: 'float32' | 'int32', length: number) => ({
      storage: backend.allocate(dtype, length),
      dtype,
      shape: [length],
      strides: [1],
      offset: 0,
    });
    const places = reference(g, x);
    const [source, y, indices] = [view('float32', x.length), view('float32', places.length), view('int32', places.length)];
    backend.write(source.storage, 0, x);
    backend.maxPooling(g, source, y, indices);
    expect([...backend.readSync(indices.storage, 'int32', 0, places.length)]).toEqual(places);
    expect([...backend.readSync(y.storage, 'float32', 0, places.length)]).toEqual(places.map(i => x[i]!));
  });
});
