import { fillNormal, fillUniform, rand, randn, useBackend } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const backend = await testBackend();
useBackend(backend);

const sizes = [1, 2, 3, 4, 5, 255, 256, 257, 4099];

/** Elements 3 .. of a storage filled by the kernel, with its neighbours. */
async function made(distribution: 'uniform' | 'normal', key: readonly [number, number], size: number): Promise<Float32Array> {
  const storage = backend.allocate('float32', size + 4);
  backend.write(storage, 0, new Float32Array(size + 4).fill(9));
  backend.random(distribution, key, { storage, dtype: 'float32', shape: [size], strides: [1], offset: 3 });
  const all = Float32Array.from(await backend.read(storage, 'float32', 0, size + 4));
  backend.release(storage);
  expect([...all.subarray(0, 3), all[size + 3]]).toEqual([9, 9, 9, 9]);
  return all.subarray(3, size + 3);
}

describe('random elements', () => {
  it('are uniform with the bits of the host', async () => {
    for (const size of sizes) {
      for (const key of [
        [0, 0],
        [0xffffffff, 0x80000001],
      ] as const) {
        const expected = new Float32Array(size);
        fillUniform(key, expected);
        expect(await made('uniform', key, size)).toEqual(expected);
      }
    }
    const expected = new Float32Array(1000);
    fillUniform([11, 0xffffffff], expected);
    expect(await rand([10, 100], { seed: 11 }).data()).toEqual(expected);
  });

  it('are normal as those of the host, to rounding', async () => {
    for (const size of [...sizes, 300_001]) {
      const expected = new Float32Array(size);
      fillNormal([5, 6], expected);
      const x = await made('normal', [5, 6], size);
      let worst = 0;
      for (let i = 0; i < size; i++) worst = Math.max(worst, Math.abs(x[i]! - expected[i]!) / (Math.abs(expected[i]!) + 1e-6));
      expect(worst).toBeLessThan(1e-6);
    }
    const expected = new Float32Array(7);
    fillNormal([11, 0xffffffff], expected);
    const x = await randn([7], { seed: 11 }).data();
    x.forEach((z, i) => {
      expect(z).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('take one dispatch', async () => {
    const before = backend.counts.dispatches;
    await rand([33]).data();
    expect(backend.counts.dispatches - before).toBe(1);
  });
});
