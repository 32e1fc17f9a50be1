import { type Distribution, fillNormal, fillUniform, type PhiloxKey, type TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { expectSame } from './strided.js';

const backend = emulated();

type Floating = 'float32' | 'float64';

const keys: PhiloxKey[] = [
  [0, 0],
  [42, 7],
  [0xffffffff, 0xffffffff],
];
// Around blocks of words, and of threads; the last is more than one round of all threads.
const lengths = [1, 2, 3, 4, 5, 7, 8, 1023, 1024, 1025, 2049, 70_001];

const arrayOf = (dtype: Floating, length: number) => (dtype === 'float32' ? new Float32Array(length) : new Float64Array(length));

/** Everything that a storage holds after some of its elements were made: an offset takes the alignment away that stores like. */
function made(distribution: Distribution, dtype: Floating, key: PhiloxKey, length: number, offset: number): TypedArray {
  const whole = arrayOf(dtype, length + offset + 3).fill(-7);
  const storage = backend.allocate(dtype, whole.length);
  backend.write(storage, 0, whole);
  backend.random(distribution, key, { storage, dtype, shape: [length], strides: [1], offset });
  const result = backend.readSync(storage, dtype, 0, whole.length);
  backend.release(storage);
  return result;
}

describe.each(['float32', 'float64'] as const)('random %s', dtype => {
  it.each(keys)('uniform numbers of key %i, %i are those of philox.ts', (...key) => {
    for (const length of lengths) {
      for (const offset of [0, 1]) {
        const expected = arrayOf(dtype, length + offset + 3).fill(-7);
        fillUniform(key, expected.subarray(offset, offset + length));
        expectSame(made('uniform', dtype, key, length, offset), expected);
      }
    }
  });

  it.each(keys)('normal numbers of key %i, %i are those of philox.ts, rounded', (...key) => {
    // A few units of the last place, of the number or of the radius, which is below 9; the angle that philox.ts takes the cosine of is
    // rounded in float64.
    const [relative, absolute] = dtype === 'float32' ? [2 ** -21, 2 ** -21] : [2 ** -50, 2 ** -47];
    for (const length of lengths) {
      for (const offset of [0, 1]) {
        const expected = arrayOf(dtype, length + offset + 3).fill(-7);
        fillNormal(key, expected.subarray(offset, offset + length));
        const actual = made('normal', dtype, key, length, offset);
        const far = expected.findIndex((e, i) => !(Math.abs(actual[i]! - e) <= relative * Math.abs(e) + absolute));
        expect(far === -1 ? undefined : { at: far, actual: actual[far], expected: expected[far] }).toBeUndefined();
      }
    }
  });

  it('makes nothing of no length', () => {
    expectSame(made('uniform', dtype, [1, 2], 0, 2), arrayOf(dtype, 5).fill(-7));
  });
});
