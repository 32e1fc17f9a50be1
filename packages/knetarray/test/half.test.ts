import { expect, it } from 'vitest';
import { decodeHalves, encodeHalves, roundToHalf } from '../src/index.js';

it('gives every half its own bits back', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = encodeHalves(decodeHalves(bits));
  for (const [i, b] of back.entries()) {
    const isNaN = (i & 0x7c00) === 0x7c00 && (i & 0x3ff) !== 0;
    if (!isNaN && b !== i) throw new Error(`bits ${i} came back as ${b}`);
  }
});

it('rounds to the nearest half, ties to even', () => {
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
});
