import { type Distribution, fillNormal, fillUniform, type PhiloxKey } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { contents, expectSame, forThreads, native, viewOn } from './views.js';

type Floating = 'float32' | 'float64';

const keys: PhiloxKey[] = [
  [0, 0],
  [42, 7],
  [0xffffffff, 0xffffffff],
];
// Around blocks of words, vectors, pieces and tasks.
const lengths = [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 129, 511, 513, 1023, 1024, 1025, 8191, 8193, 32_767, 32_769, 100_001];

function made(distribution: Distribution, dtype: Floating, key: PhiloxKey, length: number, offset = 0) {
  const y = viewOn(native, { dtype, shape: [length], offset }, arrayOf(dtype, length + offset + 3).fill(-7));
  native.random(distribution, key, y);
  return contents(native, y, length + offset + 3);
}

const arrayOf = (dtype: Floating, length: number) => (dtype === 'float32' ? new Float32Array(length) : new Float64Array(length));

describe.each(['float32', 'float64'] as const)('random %s', dtype => {
  it.each(keys)('uniform numbers of key %i, %i are those of philox.ts', (...key) => {
    for (const length of lengths) {
      const expected = arrayOf(dtype, length + 4).fill(-7);
      fillUniform(key, expected.subarray(1, length + 1));
      expectSame([made('uniform', dtype, key, length, 1)], [expected]);
    }
  });

  it.each(keys)('normal numbers of key %i, %i are those of philox.ts, rounded', (...key) => {
    for (const length of lengths) {
      const expected = arrayOf(dtype, length + 4).fill(-7);
      fillNormal(key, expected.subarray(1, length + 1));
      const actual = made('normal', dtype, key, length, 1);
      expect(actual.length).toBe(expected.length);
      let different = 0;
      for (let i = 0; i < actual.length; i++) {
        const [a, e] = [actual[i]!, expected[i]!];
        if (a === e) continue;
        different++;
        // The last bit of float32; a few units of the last place of float64, of the radius where the cosine or the sine is near 0.
        const allowed = dtype === 'float32' ? 2 ** -23 * Math.abs(e) : 4e-16 * Math.abs(e) + 4e-16;
        if (!(Math.abs(a - e) <= allowed)) throw new Error(`element ${i} of ${length}: ${a}, expected ${e}`);
      }
      if (dtype === 'float32') expect(different).toBeLessThanOrEqual(1);
    }
  });

  it('gives the same bits on any number of threads', () => {
    for (const distribution of ['uniform', 'normal'] as const) forThreads(() => [made(distribution, dtype, [1, 2], 200_003)]);
  });
});
