import { describe, expect, it } from 'vitest';
import { asDType } from '../src/core/lazy.js';
import { bytesPerElement, type DType, decodeHalves, dtypes, encodeHalves, isFloat, isHalf, promote, roundToHalf } from '../src/index.js';

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** Bits of the exponent, and of what follows it. */
const masks = { float16: [0x7c00, 0x3ff], bfloat16: [0x7f80, 0x7f] } as const;

describe.each(['float16', 'bfloat16'] as const)('%s', dtype => {
  const [exponent, fraction] = masks[dtype];
  const isNaN = (bits: number): boolean => (bits & exponent) === exponent && (bits & fraction) !== 0;

  it('gives all bits back, of NaN a NaN', () => {
    const numbers = decodeHalves(all, dtype);
    const back = encodeHalves(numbers, dtype);
    for (const [i, b] of back.entries()) {
      if (Number.isNaN(numbers[i]) !== isNaN(i)) throw new Error(`bits ${i} are ${numbers[i]}`);
      if (isNaN(i) ? !isNaN(b) : b !== i) throw new Error(`bits ${i} came back as ${b}`);
    }
  });

  it('rounds to the nearest neighbour, ties to even, and beyond the largest to infinity', () => {
    const largest = exponent - 1;
    const numbers = decodeHalves(all, dtype);
    for (let low = 0; low <= largest; low++) {
      // Above the largest the next number would be as far away as the one below it.
      const [x, next] = [numbers[low]!, low < largest ? numbers[low + 1]! : 2 * numbers[low]! - numbers[low - 1]!];
      const half = (next - x) / 2;
      const expected: readonly (readonly [number, number])[] = [
        [x + half, low + (low & 1)],
        // Next to the middle as float32 has it; in the smallest numbers there may be none.
        [x + half * (1 - 2 ** -10), low],
        [x + half * (1 + 2 ** -10), low + 1],
      ];
      for (const [y, bits] of expected) {
        if (Math.fround(y) !== y) continue;
        const [up, down] = encodeHalves([y, -y], dtype);
        if (up !== bits || down !== (bits | 0x8000)) throw new Error(`${y} is ${up}, ${-y} is ${down}: expected ${bits}`);
      }
    }
  });

  it('is rounded to when a number is folded into a constant', () => {
    for (const x of [1.005, -3e-7, 1e300, -0, Number.NaN]) expect(Object.is(asDType(x, dtype), roundToHalf(x, dtype))).toBe(true);
    expect(asDType(1.005, dtype)).toBe(dtype === 'float16' ? 1.0048828125 : 1.0078125);
  });

  it('is a float of two bytes', () => {
    expect([isFloat(dtype), isHalf(dtype), bytesPerElement(dtype)]).toEqual([true, true, 2]);
  });
});

it('rounds to float16 where nothing else is said', () => {
  expect(roundToHalf(1 + 2 ** -11)).toBe(1);
  expect(roundToHalf(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
  expect(roundToHalf(65519)).toBe(65504);
  expect(roundToHalf(65520)).toBe(Number.POSITIVE_INFINITY);
  expect(roundToHalf(-1e9)).toBe(Number.NEGATIVE_INFINITY);
  expect(roundToHalf(2 ** -25)).toBe(0);
  expect(roundToHalf(2 ** -25 * 1.01)).toBe(2 ** -24);
  expect(roundToHalf(2 ** -14 - 2 ** -26)).toBe(2 ** -14);
  expect(Object.is(roundToHalf(-0), -0)).toBe(true);
  expect(roundToHalf(Number.NaN)).toBeNaN();
  expect([...encodeHalves([1, 2])]).toEqual([0x3c00, 0x4000]);
  expect([...decodeHalves(Uint16Array.of(0x3c00, 0x4000))]).toEqual([1, 2]);
});

it('rounds to bfloat16 with the exponents of float32', () => {
  const round = (x: number): number => roundToHalf(x, 'bfloat16');
  expect(round(1 + 2 ** -8)).toBe(1);
  expect(round(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
  expect(round(Math.PI)).toBe(3.140625);
  expect(round(3.3961775292304e38)).toBe(Number.POSITIVE_INFINITY);
  expect(round(-3.39e38)).toBe(-(2 - 2 ** -7) * 2 ** 127);
  expect(round(2 ** -133)).toBe(2 ** -133);
  expect(round(2 ** -134)).toBe(0);
  expect(round(2 ** -134 * 1.01)).toBe(2 ** -133);
  expect(Object.is(round(-(2 ** -134)), -0)).toBe(true);
});

it('promotes to the first type that has all numbers of both floats', () => {
  expect(promote('bfloat16', 'float16')).toBe('float32');
  expect(promote('float16', 'bfloat16')).toBe('float32');
  for (const whole of ['bool', 'uint8', 'int32'] as const) {
    expect(promote(whole, 'bfloat16')).toBe('bfloat16');
    expect(promote('bfloat16', whole)).toBe('bfloat16');
  }
  expect([promote('bfloat16', 'bfloat16'), promote('bfloat16', 'float32'), promote('float64', 'bfloat16')]).toEqual([
    'bfloat16',
    'float32',
    'float64',
  ]);
});

it('promotes in whatever order', () => {
  const triples: [DType, DType, DType][] = dtypes.flatMap(a => dtypes.flatMap(b => dtypes.map((c): [DType, DType, DType] => [a, b, c])));
  for (const [a, b, c] of triples) {
    expect(promote(a, b)).toBe(promote(b, a));
    expect(promote(promote(a, b), c), `${a}, ${b}, ${c}`).toBe(promote(a, promote(b, c)));
  }
});
