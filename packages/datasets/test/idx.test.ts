import { describe, expect, it } from 'vitest';
import { parseIdx } from '../src/idx.js';
import { mnistFiles, parseImages, parseLabels } from '../src/mnist-files.js';

const idx = (type: number, sizes: readonly number[], data: readonly number[]) =>
  Uint8Array.from([0, 0, type, sizes.length, ...sizes.flatMap(n => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]), ...data]);

describe('parseIdx', () => {
  it('reads sizes and bytes, from the middle of a buffer too', () => {
    expect(parseIdx(idx(8, [2, 3], [1, 2, 3, 4, 5, 6]), 'f')).toEqual({ sizes: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    const shifted = Uint8Array.from([9, 9, 9, ...idx(8, [258], new Array(258).fill(4))]);
    expect(parseIdx(shifted.subarray(3), 'f').sizes).toEqual([258]);
  });

  it('names the file, expected and found, for every malformed input', () => {
    const good = idx(8, [2, 3], [1, 2, 3, 4, 5, 6]);
    for (let n = 0; n < good.length; n++) expect(() => parseIdx(good.subarray(0, n), 'dir/f'), `${n}`).toThrow(/^dir\/f: /);
    expect(() => parseIdx(good.subarray(0, 17), 'f')).toThrow('f: expected 6 bytes for sizes [2, 3], found 5');
    expect(() => parseIdx(Uint8Array.from([...good, 0]), 'f')).toThrow('expected 6 bytes for sizes [2, 3], found 7');
    expect(() => parseIdx(good.subarray(0, 9), 'f')).toThrow('expected a header of 12 bytes for 2 dimensions, found 9 bytes');
    expect(() => parseIdx(Uint8Array.of(31, 139, 8, 0), 'f')).toThrow('not an IDX file: expected two zero bytes first, found 31 and 139');
    expect(() => parseIdx(idx(13, [1], [0, 0, 0, 0]), 'f')).toThrow('expected element type 8 (uint8) at byte 2, found 13 (float32)');
    expect(() => parseIdx(idx(77, [1], [0]), 'f')).toThrow('found 77 (unknown to the format)');
  });
});

describe('images and labels', () => {
  it('keep the order of the bytes, with the width first', () => {
    // One image of 2 rows and 3 columns.
    const { shape, data } = parseImages(idx(8, [1, 2, 3], [0, 51, 102, 153, 204, 255]), 'f');
    expect(shape).toEqual([3, 2, 1, 1]);
    expect(data).toEqual(Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1));
    expect(() => parseImages(idx(8, [2, 3], [1, 2, 3, 4, 5, 6]), 'f')).toThrow('f: expected sizes [images, height, width], found [2, 3]');
  });

  it('labels are digits', () => {
    expect(parseLabels(idx(8, [3], [0, 9, 5]), 'f')).toEqual(Int32Array.of(0, 9, 5));
    expect(() => parseLabels(idx(8, [3], [0, 10, 5]), 'f')).toThrow('f: expected digits 0 to 9, found 10 at label 1');
    expect(() => parseLabels(idx(8, [1, 1], [0]), 'f')).toThrow('expected sizes [labels], found [1, 1]');
  });
});

describe('mnistFiles', () => {
  it('is the published set', async () => {
    const { xtrn, ytrn, xtst, ytst } = await mnistFiles();
    expect([xtrn.shape, xtst.shape]).toEqual([
      [28, 28, 1, 60000],
      [28, 28, 1, 10000],
    ]);
    const counts = (labels: Int32Array) => Array.from({ length: 10 }, (_, digit) => labels.filter(label => label === digit).length);
    expect(counts(ytrn)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(ytst)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...ytrn.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    // The published mean and standard deviation of the training pixels.
    let sum = 0;
    let squares = 0;
    for (const pixel of xtrn.data) {
      sum += pixel;
      squares += pixel * pixel;
    }
    const mean = sum / xtrn.data.length;
    expect(mean).toBeCloseTo(0.1307, 4);
    expect(Math.sqrt(squares / xtrn.data.length - mean * mean)).toBeCloseTo(0.3081, 4);
    // The first image is a 5: a stroke to the right at its top, with nothing above it and nothing in the left columns.
    const pixel = (x: number, y: number) => xtrn.data[x + 28 * y]!;
    expect(pixel(23, 5)).toBeGreaterThan(0.4);
    expect(pixel(5, 23)).toBeGreaterThan(0.4);
    for (let i = 0; i < 28; i++) expect([pixel(i, 4), pixel(3, i)]).toEqual([0, 0]);
  });

  it('rejects as a whole when one file is missing', async () => {
    await expect(mnistFiles({ directory: '/nonexistent' })).rejects.toThrow(/^mnist\/train-.*: cannot be read from \/nonexistent\//);
  });
});
