import { describe, expect, it } from 'vitest';
import { decodeHalves, roundToHalf } from '../src/core/half.js';
import type { HostTensor } from '../src/io/host-tensor.js';
import { type FormatOptions, formatArray, formatNumber } from '../src/print.js';

const float = (shape: number[], value: (i: number) => number): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});

const lines = (array: HostTensor, options?: FormatOptions) => formatArray(array, options).split('\n');

describe('formatArray', () => {
  it('prints a matrix row by row from column-major data', () => {
    expect(lines(float([2, 3], i => i + 1))).toEqual(['2×3 KnetArray{Float32,2}:', ' 1.0  3.0  5.0', ' 2.0  4.0  6.0']);
  });

  it('aligns columns on the decimal point, exponents and special values included', () => {
    const values = [0.1, 100.25, -1e-7, Number.NaN, -Infinity, 12];
    expect(lines(float([3, 2], i => values[i]!))).toEqual([
      '3×2 KnetArray{Float32,2}:',
      '   0.1      NaN',
      ' 100.25    -Inf',
      '  -1.0e-7    12.0',
    ]);
  });

  it('prints vectors, 0-d and empty arrays', () => {
    expect(lines(float([3], i => i))).toEqual(['3-element KnetArray{Float32,1}:', ' 0.0', ' 1.0', ' 2.0']);
    expect(lines(float([], () => 5))).toEqual(['0-dimensional KnetArray{Float32,0}:', '5.0']);
    expect(formatArray(float([0, 3], i => i))).toBe('0×3 KnetArray{Float32,2}');
    expect(formatArray(float([0], i => i))).toBe('0-element KnetArray{Float32,1}');
    expect(formatArray(float([2, 0, 4], i => i))).toBe('2×0×4 KnetArray{Float32,3}');
  });

  it('names every dtype; integers have no point, bools are words', () => {
    expect(lines({ dtype: 'int32', shape: [1, 2], data: Int32Array.of(-5, 10) })).toEqual(['1×2 KnetArray{Int32,2}:', ' -5  10']);
    expect(lines({ dtype: 'uint8', shape: [2], data: Uint8Array.of(7, 255) })).toEqual(['2-element KnetArray{UInt8,1}:', '   7', ' 255']);
    expect(lines({ dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) })).toEqual(['2-element KnetArray{Bool,1}:', '  true', ' false']);
    expect(lines({ dtype: 'float64', shape: [1], data: Float64Array.of(0.1) })).toEqual(['1-element KnetArray{Float64,1}:', ' 0.1']);
  });

  it('prints halves with the digits that they hold', () => {
    const data = Float32Array.of(0.10009765625, 3.140625);
    expect(lines({ dtype: 'bfloat16', shape: [2], data })).toEqual(['2-element KnetArray{BFloat16,1}:', ' 0.1', ' 3.14']);
    expect(formatNumber(3.140625, 'float16')).toBe('3.14');
    expect(formatNumber(roundToHalf(1e30, 'bfloat16'), 'bfloat16')).toBe('1.0e30');
    for (const number of decodeHalves(
      Uint16Array.from({ length: 0x7f80 }, (_, i) => i),
      'bfloat16',
    )) {
      expect(roundToHalf(Number(formatNumber(number, 'bfloat16')), 'bfloat16')).toBe(number);
    }
  });

  it('prints blocks for more dimensions, the third index fastest', () => {
    expect(lines(float([1, 2, 2, 2], i => i))).toEqual([
      '1×2×2×2 KnetArray{Float32,4}:',
      '[:, :, 0, 0] =',
      ' 0.0  1.0',
      '',
      '[:, :, 1, 0] =',
      ' 2.0  3.0',
      '',
      '[:, :, 0, 1] =',
      ' 4.0  5.0',
      '',
      '[:, :, 1, 1] =',
      ' 6.0  7.0',
    ]);
  });

  it('leaves out rows in the middle', () => {
    expect(
      lines(
        float([100], i => i),
        { maxRows: 6 },
      ),
    ).toEqual(['100-element KnetArray{Float32,1}:', '  0.0', '  1.0', '  ⋮', ' 98.0', ' 99.0']);
  });

  it('leaves out columns in the middle, and both', () => {
    expect(
      lines(
        float([2, 100], i => i),
        { maxColumns: 30 },
      ),
    ).toEqual(['2×100 KnetArray{Float32,2}:', ' 0.0  2.0  …  196.0  198.0', ' 1.0  3.0  …  197.0  199.0']);
    expect(
      lines(
        float([100, 100], i => i % 7),
        { maxColumns: 20, maxRows: 5 },
      ),
    ).toEqual(['100×100 KnetArray{Float32,2}:', ' 0.0  2.0  …  2.0', ' 1.0  3.0  …  3.0', ' ⋮    ⋮    ⋱  ⋮', ' 1.0  3.0  …  3.0']);
  });

  it('leaves out blocks in the middle', () => {
    expect(
      lines(
        float([1, 1, 10], i => i),
        { maxRows: 12 },
      ),
    ).toEqual(['1×1×10 KnetArray{Float32,3}:', '[:, :, 0] =', ' 0.0', '', '[:, :, 1] =', ' 1.0', '', '⋮', '', '[:, :, 9] =', ' 9.0']);
  });

  it('keeps to the screen, and shows everything on an infinite one', () => {
    const shapes = [[1000], [500, 500], [1, 900], [28, 28, 1, 100], [3, 3, 9], [9, 2, 2], [20, 5, 2], [5, 5, 3], [1, 1, 8]];
    for (const shape of shapes)
      for (const [maxRows, maxColumns] of [
        [24, 80],
        [12, 40],
        [15, 61],
        [100, 200],
      ] as const) {
        const text = lines(
          float(shape, i => Math.sin(i) * 10 ** (i % 5)),
          { maxRows, maxColumns },
        );
        expect(text.length, `${shape} in ${maxRows}`).toBeLessThanOrEqual(maxRows);
        expect(Math.max(...text.map(l => l.length)), `${shape} in ${maxColumns}`).toBeLessThanOrEqual(maxColumns);
      }
    const whole = lines(
      float([40, 60], i => i),
      { maxRows: Infinity, maxColumns: Infinity },
    );
    expect(whole).toHaveLength(41);
    expect(whole[40]!.trim().split(/ +/).map(Number)).toEqual(Array.from({ length: 60 }, (_, c) => 39 + 40 * c));
    const lastBlock = lines(
      float([2, 2, 50], i => i),
      { maxRows: Infinity },
    );
    expect(lastBlock).toHaveLength(50 * 4);
    expect(lastBlock.slice(-3)).toEqual(['[:, :, 49] =', ' 196.0  198.0', ' 197.0  199.0']);
  });

  it('never elides a matrix that fits exactly', () => {
    expect(lines(float([23, 1], i => i))).toHaveLength(24);
    expect(formatArray(float([23, 1], i => i))).not.toContain('⋮');
    expect(formatArray(float([24, 1], i => i))).toContain('⋮');
    // A line of 16 columns of three characters: 1 + 16*3 + 15*2 = 79.
    expect(
      formatArray(
        float([1, 16], i => i % 10),
        { maxColumns: 79 },
      ),
    ).not.toContain('…');
    expect(
      formatArray(
        float([1, 16], i => i % 10),
        { maxColumns: 78 },
      ),
    ).toContain('…');
  });
});

describe('formatNumber', () => {
  it('writes floats as Julia does', () => {
    const cases: [number, string][] = [
      [0, '0.0'],
      [-0, '-0.0'],
      [1, '1.0'],
      [-2.5, '-2.5'],
      [100000, '100000.0'],
      [999999.5, '999999.5'],
      [1e6, '1.0e6'],
      [1234567, '1.234567e6'],
      [0.0001, '0.0001'],
      [0.00001, '1.0e-5'],
      [0.00012345, '0.00012345'],
      [5e-324, '5.0e-324'],
      [1.7976931348623157e308, '1.7976931348623157e308'],
      [Infinity, 'Inf'],
      [-Infinity, '-Inf'],
      [Number.NaN, 'NaN'],
    ];
    for (const [x, text] of cases) expect(formatNumber(x, 'float64')).toBe(text);
  });

  it('uses the fewest digits that the dtype needs', () => {
    expect(formatNumber(Math.fround(0.1), 'float32')).toBe('0.1');
    expect(formatNumber(Math.fround(0.1), 'float64')).toBe('0.10000000149011612');
    expect(formatNumber(16777216, 'float32')).toBe('1.6777216e7');
    expect(formatNumber(1.401298464324817e-45, 'float32')).toBe('1.0e-45');
    expect(formatNumber(3.4028234663852886e38, 'float32')).toBe('3.4028235e38');
  });

  it('reads back as the same number', () => {
    const bits = new Uint32Array(1);
    const asFloat = new Float32Array(bits.buffer);
    for (let i = 0; i < 2000; i++) {
      bits[0] = Math.imul(i, 2654435761);
      const x = asFloat[0]!;
      if (Number.isFinite(x)) expect(Math.fround(Number(formatNumber(x, 'float32')))).toBe(x);
      const wide = Math.sin(i) * 10 ** ((i % 40) - 20);
      expect(Number(formatNumber(wide, 'float64'))).toBe(wide);
    }
  });
});
