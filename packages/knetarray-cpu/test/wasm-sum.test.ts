import { describe, expect, it } from 'vitest';
import { loadFloat32Kernels } from '../src/wasm/kernels.js';
import { randomArray } from './wasm-kernels.js';

const kernels = loadFloat32Kernels()!;

describe('sum', () => {
  it.each([
    [1, 1, 1],
    [1, 13, 7],
    [1, 100_003, 2],
    [1, 5, 9000],
    [3, 4, 5],
    [8, 100, 3],
    [21, 777, 2],
    [10, 100, 1000],
    [9001, 3, 2],
    [20_000, 2, 1],
  ])('inner %i, length %i, outer %i', (inner, length, outer) => {
    const x = randomArray(inner * length * outer + 3, 1);
    const out = new Float64Array(inner * outer + 2).fill(-9);
    kernels.sum(inner, length, outer, x, 3, out, 1);
    const single = new Float32Array(inner * outer).fill(Number.NaN);
    kernels.sum(inner, length, outer, x, 3, single, 0);
    expect([out[0], out[inner * outer + 1]]).toEqual([-9, -9]);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let expected = 0;
        for (let l = 0; l < length; l++) expected += x[3 + i + inner * (l + length * o)]!;
        const got = out[1 + i + inner * o]!;
        if (!(Math.abs(got - expected) < 1e-9) || single[i + inner * o] !== Math.fround(got)) {
          throw new Error(`sum at ${i}, ${o} is ${got}, expected ${expected}`);
        }
      }
    }
  });

  it('of nothing is 0', () => {
    const out = new Float32Array(6).fill(4);
    kernels.sum(2, 0, 3, new Float32Array(0), 0, out, 0);
    expect(out).toEqual(new Float32Array(6));
    kernels.sum(0, 5, 3, new Float32Array(0), 0, out, 0);
    kernels.sum(5, 5, 0, new Float32Array(0), 0, out, 0);
  });
});
