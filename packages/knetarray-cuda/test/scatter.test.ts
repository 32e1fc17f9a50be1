import { type DType, decodeHalves, encodeHalves, fillBits, isHalf } from '@knet/knetarray';
import { describe, it } from 'vitest';
import { emulated } from './emulated.js';
import { type Case, cases, dtypes, listed, viewsOf } from './selection-cases.js';
import { download, expectSame, forEachPosition, placeOf, type Strided, strided, upload } from './strided.js';

const backend = emulated();

/** One after the other, in the order of j. */
function plain(dim: number, whole: Strided, list: Strided, chosen: Strided): Strided['data'] {
  const sums = whole.data.slice();
  forEachPosition(chosen.shape, position => {
    const at = listed(list, position[dim]!);
    if (at < 0 || at >= whole.shape[dim]!) return;
    sums[
      placeOf(
        whole,
        position.map((p, d) => (d === dim ? at : p)),
      )
    ]! += chosen.data[placeOf(chosen, position)]!;
  });
  const { dtype } = whole;
  return isHalf(dtype) ? decodeHalves(encodeHalves(sums, dtype), dtype) : sums;
}

function check(dim: number, whole: Strided, list: Strided, chosen: Strided): void {
  const [y, i, x] = [upload(backend, whole), upload(backend, list), upload(backend, chosen)];
  backend.scatterAdd(x, i, y, dim);
  expectSame(download(backend, y, whole), plain(dim, whole, list, chosen));
  for (const view of [x, i, y]) backend.release(view.storage);
}

describe.each(dtypes)('scatterAdd %s', dtype => {
  it.each(cases)('to $name', (c: Case) => {
    const { whole, list, chosen } = viewsOf(c, dtype);
    check(c.dim, whole, list, chosen);
  });

  it.each([
    [0, 0],
    [5, 1],
    [0, 1],
    [-1, -300],
  ])('of elements of strides %i, %i', (...strides) => {
    const { whole, list } = viewsOf({ name: '', whole: { shape: [9, 5] }, dim: 0, count: 300 }, dtype);
    check(0, whole, list, strided(dtype, { shape: [300, 5], strides, offset: strides[0]! < 0 ? 1499 : 0 }, 6));
  });
});

/** A list of any positions, scattered to a vector. */
function scatterList(dtype: DType, length: number, list: Int32Array): void {
  const places: Strided = { ...strided('int32', { shape: [list.length] }, 0), data: list };
  check(0, strided(dtype, { shape: [length] }, 7), places, strided(dtype, { shape: [list.length] }, 8));
}

describe('lists that are sorted', () => {
  const random = (count: number): Uint32Array => {
    const bits = new Uint32Array(count);
    fillBits([9, count], bits);
    return bits;
  };

  // Around the length up to which all are compared with all, the blocks of that, and the parts of sorting by digits.
  it.each([1025, 1056, 8191, 8192, 8193, 10_239, 10_240, 10_241, 20_000])('of %i positions', count => {
    scatterList(
      'float32',
      500,
      Int32Array.from(random(count), word => (word % 502) - 1),
    );
  });

  // Around whole numbers of digits; one past the end is a key of its own.
  it.each([1, 2, 15, 16, 17, 255, 256, 4095, 4096, 70_000])('of positions into %i elements', length => {
    scatterList(
      'int32',
      length,
      Int32Array.from(random(8300), word => (word % (length + 1)) - (word & 1)),
    );
  });

  it.each<[string, (word: number, j: number) => number]>([
    ['in order', (_, j) => 3 * j],
    ['backwards', (_, j) => 3 * (9000 - j)],
    ['all the same', () => 5],
    ['of two kinds', word => (word & 1) * 26_999],
    ['all negative', () => -2],
    ['all past the end', () => 27_000],
    ['as far out as can be', word => (word & 1 ? 2 ** 31 - 1 : -(2 ** 31))],
  ])('%s', (_, at) => {
    const words = random(9000);
    for (const count of [2000, 9000]) scatterList('float32', 27_000, Int32Array.from(words.subarray(0, count), at));
  });

  it('of columns', () => {
    const { whole, list, chosen } = viewsOf({ name: '', whole: { shape: [40, 50] }, dim: 1, count: 1500 }, 'float64');
    check(1, whole, list, chosen);
  });
});
