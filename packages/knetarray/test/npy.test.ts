import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../src/io/host-tensor.js';
import { decodeNpy, encodeNpy } from '../src/io/npy.js';

const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

/** A file by hand: version, header text (padded to `pad` bytes after the length field), element bytes. */
function file(header: string, data: ArrayLike<number> = [], version: readonly [number, number] = [1, 0]): Uint8Array {
  const text = [...Buffer.from(header, 'latin1')];
  const length = version[0] === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), ...version, ...length, ...text, ...Array.from(data)]);
}

const header = (descr: string, order: string, shape: string) => `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('decodeNpy reads files that NumPy 2.4 wrote', () => {
  it('float32 in Fortran order, version 1.0', () => {
    const bytes = base64(
      'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQAAAQEAAAIBAAACgQAAAwEA=',
    );
    expect(decodeNpy(bytes)).toEqual({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('big-endian float64 in C order, version 2.0', () => {
    const bytes = base64(
      'k05VTVBZAgB0AAAAeydkZXNjcic6ICc+ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/8AAAAAAAAEAIAAAAAAAAQBQAAAAAAABAAAAAAAAAAEAQAAAAAAAAQBgAAAAAAAA=',
    );
    // NumPy held [[1, 3, 5], [2, 4, 6]].
    expect(decodeNpy(bytes)).toEqual({ dtype: 'float64', shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('int32 in C order with three dimensions, version 3.0', () => {
    const bytes = base64(
      'k05VTVBZAwB0AAAAeydkZXNjcic6ICc8aTQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAQAAAAIAAAADAAAABAAAAAUAAAAGAAAABwAAAAgAAAAJAAAACgAAAAsAAAAMAAAADQAAAA4AAAAPAAAAEAAAABEAAAASAAAAEwAAABQAAAAVAAAAFgAAABcAAAA=',
    );
    const { dtype, shape, data } = decodeNpy(bytes);
    expect([dtype, shape]).toEqual(['int32', [2, 3, 4]]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) expect(data[i + 2 * (j + 3 * k)]).toBe(12 * i + 4 * j + k);
  });

  it('bool with one dimension, uint8 with none', () => {
    const bool = base64(
      'k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAE=',
    );
    expect(decodeNpy(bool)).toEqual({ dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) });
    const scalar = base64(
      'k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoH',
    );
    expect(decodeNpy(scalar)).toEqual({ dtype: 'uint8', shape: [], data: Uint8Array.of(7) });
  });
});

describe('encodeNpy', () => {
  it('writes the published layout', () => {
    const bytes = encodeNpy({ dtype: 'int32', shape: [2, 2], data: Int32Array.of(1, 2, -1, 256) });
    expect(bytes.length).toBe(128 + 16);
    expect([...bytes.subarray(0, 10)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    expect(Buffer.from(bytes.subarray(10, 128)).toString()).toBe(
      `${"{'descr': '<i4', 'fortran_order': True, 'shape': (2, 2), }".padEnd(117)}\n`,
    );
    expect([...bytes.subarray(128)]).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0, 1, 0, 0]);
  });

  it('starts the elements at a multiple of 64 bytes, whatever the length of the header', () => {
    for (let n = 0; n < 30; n++) {
      const bytes = encodeNpy({ dtype: 'uint8', shape: new Array(n).fill(1), data: Uint8Array.of(9) });
      expect((bytes.length - 1) % 64).toBe(0);
      expect(bytes[bytes.length - 2]).toBe(10);
      expect(decodeNpy(bytes).shape).toHaveLength(n);
    }
  });

  it('comes back the same, for every dtype, for views and for empty arrays', () => {
    const backing = new Uint8Array(50).map((_, i) => i * 37);
    const tensors: HostTensor[] = [
      { dtype: 'float32', shape: [3], data: Float32Array.of(Number.NaN, -0, Infinity) },
      { dtype: 'float64', shape: [2, 1, 2], data: Float64Array.of(1e-320, -1e300, 0.1, 5) },
      { dtype: 'int32', shape: [1, 2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
      { dtype: 'uint8', shape: [5], data: backing.subarray(3, 8) },
      { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
      { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) },
      { dtype: 'float16', shape: [2], data: Float32Array.of(1.5, -0) },
      { dtype: 'float64', shape: [], data: Float64Array.of(Math.PI) },
    ];
    for (const tensor of tensors) {
      const bytes = encodeNpy(tensor);
      expect(decodeNpy(bytes)).toEqual(tensor);
      // Also from the middle of a larger buffer, at an odd offset.
      const shifted = new Uint8Array(bytes.length + 9);
      shifted.set(bytes, 3);
      expect(decodeNpy(shifted.subarray(3, 3 + bytes.length))).toEqual(tensor);
    }
  });

  it('refuses arrays whose parts do not belong together', () => {
    const data = new Float32Array(6);
    expect(() => encodeNpy({ dtype: 'float32', shape: [2, 2], data })).toThrow('encodeNpy: shape [2,2] has 4 elements, data has 6');
    expect(() => encodeNpy({ dtype: 'float64', shape: [6], data })).toThrow(
      'encodeNpy: dtype float64 needs a Float64Array, got Float32Array',
    );
    expect(() => encodeNpy({ dtype: 'float32', shape: [-6], data })).toThrow(/shape \[-6\] must hold whole numbers/);
    expect(() => encodeNpy({ dtype: 'float32', shape: [1.5, 4], data })).toThrow(/whole numbers/);
    expect(() => encodeNpy({ dtype: 'bool', shape: [1], data: Uint8Array.of(2) })).toThrow('a bool is 0 or 1, element 0 is 2');
    const quarter: unknown = 'float8';
    expect(() => encodeNpy({ dtype: quarter as 'float32', shape: [6], data })).toThrow(
      /dtype float8 cannot be stored; use one of .*float16, float32/,
    );
    expect(() => encodeNpy({ dtype: 'bfloat16', shape: [6], data })).toThrow(
      'encodeNpy: .npy has no bfloat16; give the same data the dtype float32, or use encodeSafetensors, which keeps bfloat16',
    );
  });
});

describe('decodeNpy refuses', () => {
  const good = encodeNpy({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });

  it('a file cut short anywhere, or with bytes left over', () => {
    for (let n = 0; n < good.length; n++) expect(() => decodeNpy(good.subarray(0, n)), `${n} bytes`).toThrow(/^decodeNpy: /);
    expect(() => decodeNpy(good.subarray(0, good.length - 4))).toThrow('needs 24 bytes from byte 128 on, but the file has 20');
    expect(() => decodeNpy(Uint8Array.from([...good, 0]))).toThrow('needs 24 bytes from byte 128 on, but the file has 25');
    expect(() => decodeNpy(good.subarray(0, 100))).toThrow('header should end at byte 128, but the file ends after 100 bytes');
  });

  it('other files and unknown versions', () => {
    expect(() => decodeNpy(new Uint8Array(200))).toThrow(/not a \.npy file/);
    expect(() => decodeNpy(file(header('<f4', 'True', '(1,)'), [0, 0, 0, 0], [4, 0]))).toThrow(/version 4\.0 at byte 6/);
    expect(() => decodeNpy(file('', [], [2, 0]).subarray(0, 11))).toThrow(/ends after 11 bytes, within the header length/);
  });

  it('dtypes that we do not have', () => {
    for (const descr of ['<V2', '<i8', '<c8', '<U5', '|O', '|f4', ''])
      expect(() => decodeNpy(file(header(descr, 'True', '(1,)')))).toThrow(/dtype|byte order/);
    expect(() => decodeNpy(file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"))).toThrow(/^decodeNpy: cannot read/);
  });

  it('headers that are not the three entries', () => {
    for (const [text, message] of [
      ['nothing', /no dictionary/],
      ["{'descr': '<f4', 'shape': (1,), }", /no fortran_order/],
      ["{'fortran_order': True, 'shape': (1,), }", /no descr/],
      ["{'descr': '<f4', 'fortran_order': True, }", /no shape/],
      ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", /descr occurs twice/],
      ["{'descr': '<f4', 'fortran_order': True, 'shape': (1,), 'extra': True, }", /unknown entry extra/],
      ["{'descr': '<f4' 'fortran_order': True, 'shape': (1,), }", /cannot read/],
      [header('<f4', "'True'", '(1,)'), /neither True nor False/],
      [header('<f4', 'True', '(1)'), /not a tuple/],
      [header('<f4', 'True', '(-1,)'), /not a tuple/],
      [header('<f4', 'True', '(1,,2)'), /not a tuple/],
      [header('<f4', 'True', '(1 2)'), /not a tuple/],
      [header('<f4', 'True', '(99999999, 99999999, 99999999)'), /too large/],
    ] as const)
      expect(() => decodeNpy(file(text)), text).toThrow(message);
  });

  it('a bool that is neither 0 nor 1', () => {
    expect(() => decodeNpy(file(header('|b1', 'True', '(2,)'), [1, 7]))).toThrow('decodeNpy: a bool is 0 or 1, element 1 is 7');
  });

  it('but takes double quotes, any order of entries and no trailing comma', () => {
    const bytes = file('{"shape": (2 , ), "descr": "=i4","fortran_order":False}', [1, 0, 0, 0, 2, 0, 0, 0]);
    expect(decodeNpy(bytes)).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) });
  });
});
