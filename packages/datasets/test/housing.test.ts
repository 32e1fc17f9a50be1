import { describe, expect, it } from 'vitest';
import { housingFiles, normalize, parseHousing } from '../src/housing-files.js';

const line = (first: number) => Array.from({ length: 14 }, (_, i) => first + i).join('  ');

describe('parseHousing', () => {
  it('reads attributes and targets', () => {
    const { x, y } = parseHousing(` ${line(1)}\r\n${line(101)}  \n\n`, 'f');
    expect([x.shape, y.shape]).toEqual([
      [13, 2],
      [1, 2],
    ]);
    expect([...y.data]).toEqual([14, 114]);
    expect([x.data[0], x.data[12], x.data[13], x.data[25]]).toEqual([1, 13, 101, 113]);
  });

  it('names file and line of what is wrong', () => {
    expect(() => parseHousing(`${line(1)}\n1 2 3\n`, 'dir/f')).toThrow('dir/f: line 2: expected 14 numbers, found 3');
    expect(() => parseHousing(`${line(1)}\n\n${line(1)}`, 'f')).toThrow('f: line 2: expected 14 numbers, found 0');
    expect(() => parseHousing(line(1).replace('7', 'x'), 'f')).toThrow('f: line 1: expected numbers, found "x"');
    expect(() => parseHousing('\n', 'f')).toThrow('f: expected lines of 14 numbers, found none');
  });
});

describe('normalize', () => {
  it('uses the standard deviation with n - 1', () => {
    const { data } = normalize({ shape: [2, 3], data: Float64Array.of(1, 10, 2, 10, 3, 40) });
    const expected = [-1, -1 / Math.sqrt(3), 0, -1 / Math.sqrt(3), 1, 2 / Math.sqrt(3)];
    for (let i = 0; i < 6; i++) expect(data[i]).toBeCloseTo(expected[i]!, 14);
  });

  it('refuses a constant row and a single instance', () => {
    expect(() => normalize({ shape: [1, 3], data: Float64Array.of(2, 2, 2) })).toThrow(
      /^normalize: row 0 of \[1, 3\] has no standard deviation/,
    );
    expect(() => normalize({ shape: [1, 1], data: Float64Array.of(2) })).toThrow(/no standard deviation/);
  });
});

describe('housingFiles', () => {
  it('is the published set, normalised', async () => {
    const { x, y } = await housingFiles();
    expect([x.shape, y.shape]).toEqual([
      [13, 506],
      [1, 506],
    ]);
    expect(y.data.reduce((a, b) => a + b, 0) / 506).toBeCloseTo(22.5328, 4);
    for (let r = 0; r < 13; r++) {
      const row = Array.from({ length: 506 }, (_, i) => x.data[r + 13 * i]!);
      const mean = row.reduce((a, b) => a + b, 0) / 506;
      expect(Math.abs(mean)).toBeLessThan(1e-13);
      expect(row.reduce((a, b) => a + (b - mean) ** 2, 0) / 505).toBeCloseTo(1, 12);
    }
  });
});
