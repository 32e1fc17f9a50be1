import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../src/io/safetensors.js';

/** A file by hand: header text as it is, then data bytes. */
function file(header: string, data: ArrayLike<number> = [], length = Buffer.byteLength(header)): Uint8Array {
  const out = new Uint8Array(8 + Buffer.byteLength(header) + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(Buffer.from(header), 8);
  out.set(Array.from(data), 8 + Buffer.byteLength(header));
  return out;
}

const tensors: NamedTensor[] = [
  { name: 'w', dtype: 'float64', shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, Number.NaN) },
  { name: 'layer.0/"bias"', dtype: 'float32', shape: [2], data: Float32Array.of(0.5, -0) },
  { name: '10', dtype: 'int32', shape: [], data: Int32Array.of(-7) },
  { name: '9', dtype: 'int32', shape: [0, 4], data: new Int32Array(0) },
  { name: '8', dtype: 'int32', shape: [4, 0], data: new Int32Array(0) },
  { name: 'h', dtype: 'float16', shape: [3], data: Float32Array.of(0.5, -65504, 2 ** -24) },
  { name: 'b', dtype: 'bfloat16', shape: [3], data: Float32Array.of(1.0078125, -(2 ** 127), 2 ** -133) },
  { name: 'é', dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  { name: 'mask', dtype: 'bool', shape: [1, 2], data: Uint8Array.of(1, 0) },
];

describe('encodeSafetensors', () => {
  it('writes the published layout with shapes reversed', () => {
    const bytes = encodeSafetensors([{ name: 'a', dtype: 'float32', shape: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }], {
      k: 'v',
    });
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[3,1,2],"data_offsets":[0,24]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(Buffer.from(bytes).equals(Buffer.from(file(padded, new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer))))).toBe(true);
  });

  it('aligns the elements of every array', () => {
    for (let n = 1; n < 20; n++) {
      const bytes = encodeSafetensors([
        { name: 'x'.repeat(n), dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
        { name: 'y', dtype: 'float64', shape: [1], data: Float64Array.of(1) },
        { name: 'z', dtype: 'float32', shape: [1], data: Float32Array.of(1) },
      ]);
      expect((bytes.length - 13) % 8).toBe(0);
      expect(decodeSafetensors(bytes).tensors.map(t => t.name)).toEqual(['y', 'z', 'x'.repeat(n)]);
    }
  });

  it('comes back the same, byte for byte, with names that look like numbers and empty arrays in their order', () => {
    const metadata = { b: '2', a: 'line\n"quoted"', __proto__x: '', '7': 'é' };
    const bytes = encodeSafetensors(tensors, metadata);
    const content = decodeSafetensors(bytes);
    expect(content.tensors).toEqual(tensors);
    expect(content.metadata).toEqual(metadata);
    expect(Buffer.from(encodeSafetensors(content.tensors, content.metadata)).equals(Buffer.from(bytes))).toBe(true);
    const reversedKeys = Object.fromEntries(Object.entries(metadata).reverse());
    expect(Buffer.from(encodeSafetensors(tensors, reversedKeys)).equals(Buffer.from(bytes))).toBe(true);
    const shifted = new Uint8Array(bytes.length + 5);
    shifted.set(bytes, 5);
    expect(decodeSafetensors(shifted.subarray(5)).tensors).toEqual(tensors);
  });

  it('writes and reads the upper halves of floats as BF16', () => {
    // 1, -2, 1.0078125, infinity, a subnormal number, the largest one.
    const bits = [0x3f80, 0xc000, 0x3f81, 0x7f80, 0x0001, 0x7f7f];
    const header = '{"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}';
    const bytes = file(
      header.padEnd(Math.ceil(header.length / 8) * 8),
      bits.flatMap(word => [word & 255, word >> 8]),
    );
    const data = Float32Array.of(1, -2, 1.0078125, Infinity, 2 ** -133, (2 - 2 ** -7) * 2 ** 127);
    const [tensor] = decodeSafetensors(bytes).tensors;
    expect(tensor).toEqual({ name: 'b', dtype: 'bfloat16', shape: [3, 2], data });
    expect(Buffer.from(encodeSafetensors([tensor!])).equals(Buffer.from(bytes))).toBe(true);
    // What has more digits is rounded.
    const finer = data.map(x => x * (1 + 2 ** -10));
    expect(Buffer.from(encodeSafetensors([{ ...tensor!, data: finer }])).equals(Buffer.from(bytes))).toBe(true);
  });

  it('writes and reads a file with nothing in it', () => {
    expect(decodeSafetensors(encodeSafetensors([]))).toEqual({ tensors: [], metadata: {} });
  });

  it('refuses what the format cannot hold', () => {
    const one = { name: 'a', dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;
    expect(() => encodeSafetensors([one, one])).toThrow('encodeSafetensors: two tensors are named "a"');
    expect(() => encodeSafetensors([{ ...one, name: '__metadata__' }])).toThrow(/belongs to the metadata/);
    expect(() => encodeSafetensors([{ ...one, name: '__metadata__' }], { a: 'b' })).toThrow(/belongs to the metadata/);
    expect(() => encodeSafetensors([{ ...one, shape: [2] }])).toThrow(
      'encodeSafetensors: tensor "a": shape [2] has 2 elements, data has 1',
    );
    const quarter: unknown = 'float8';
    expect(() => encodeSafetensors([{ ...one, dtype: quarter as 'float32' }])).toThrow(/tensor "a": dtype float8 cannot be stored/);
    const metadata: unknown = { n: 3 };
    expect(() => encodeSafetensors([], metadata as Record<string, string>)).toThrow('metadata "n" must be a string, got number');
  });
});

describe('decodeSafetensors', () => {
  it('reads a row-major file written elsewhere: [2, 3] there is [3, 2] here, the bytes untouched', () => {
    // The layout of the Python package: compact JSON, no metadata.
    const bytes = file('{"t":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]}}         ', [1, 2, 3, 4, 5, 6]);
    expect(decodeSafetensors(bytes)).toEqual({
      tensors: [{ name: 't', dtype: 'uint8', shape: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
      metadata: {},
    });
  });

  it('refuses a file cut short anywhere, or with bytes left over', () => {
    const bytes = encodeSafetensors(tensors, { a: 'b' });
    for (let n = 0; n < bytes.length; n++)
      expect(() => decodeSafetensors(bytes.subarray(0, n)), `${n} bytes`).toThrow(/^decodeSafetensors: /);
    expect(() => decodeSafetensors(Uint8Array.from([...bytes, 0]))).toThrow('the tensors take 77 bytes, but the file has 78 bytes of data');
  });

  it('refuses malformed files with one clear error', () => {
    const entry = (dtype: string, shape: string, offsets: string) => `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
    const cases: [Uint8Array, string][] = [
      [file('{}', [], 200_000_000), "a header of 200000000 bytes is over the format's limit of 100000000"],
      [file('{}', [], 9_000_000_000_000_000), 'a header of 9000000000000000 bytes is over'],
      [file('{}', [], 3), 'the header should end at byte 11, but the file ends after 10 bytes'],
      [file('{"a":'), 'the header is not valid JSON'],
      [file('[1]'), 'the header is not a JSON object'],
      [file('null'), 'the header is not a JSON object'],
      [file('{"__metadata__":3}'), '__metadata__ must be an object whose values are strings'],
      [file('{"__metadata__":{"a":1}}'), '__metadata__ must be an object whose values are strings'],
      [file('{"a":3}'), 'tensor "a": its header entry is not an object'],
      [
        file(`{"a":${entry('F8_E4M3', '[1]', '[0,1]')}}`, [0]),
        'tensor "a": dtype F8_E4M3 cannot be read (BF16, F16, F32, F64, I32, U8, BOOL can)',
      ],
      [file(`{"a":${entry('F32', '[-1]', '[0,4]')}}`, [0, 0, 0, 0]), 'tensor "a": shape must be a list of whole numbers'],
      [file(`{"a":${entry('F32', '"x"', '[0,4]')}}`, [0, 0, 0, 0]), 'tensor "a": shape must be a list'],
      [file(`{"a":${entry('U8', '[4]', '[0]')}}`, [0, 0, 0, 0]), 'tensor "a": data_offsets must be two whole numbers'],
      [file(`{"a":${entry('U8', '[4]', '[0,0.5]')}}`, [0, 0, 0, 0]), 'tensor "a": data_offsets must be two whole numbers'],
      [file(`{"a":${entry('U8', '[4]', '[4,0]')}}`, [0, 0, 0, 0]), 'tensor "a": shape [4] of U8 needs 4 bytes, data_offsets give -4'],
      [file(`{"a":${entry('F32', '[2]', '[0,4]')}}`, [0, 0, 0, 0]), 'tensor "a": shape [2] of F32 needs 8 bytes, data_offsets give 4'],
      [file(`{"a":${entry('U8', '[9]', '[0,9]')}}`, [1, 2]), 'tensor "a": its bytes end at 9, but the file has 2 bytes of data'],
      [file(`{"a":${entry('U8', '[2]', '[1,3]')}}`, [1, 2, 3]), 'tensor "a": bytes 1 to 3 leave a hole after those before, which end at 0'],
      [
        file(`{"a":${entry('U8', '[2]', '[0,2]')},"b":${entry('U8', '[2]', '[1,3]')}}`, [1, 2, 3]),
        'tensor "b": bytes 1 to 3 overlap those before, which end at 2',
      ],
      [file(`{"m":${entry('BOOL', '[2]', '[0,2]')}}`, [1, 3]), 'tensor "m": a bool is 0 or 1, element 1 is 3'],
    ];
    for (const [bytes, message] of cases) expect(() => decodeSafetensors(bytes), message).toThrow(`decodeSafetensors: ${message}`);
    const invalid = file('{"a":0}');
    invalid[10] = 0xff;
    expect(() => decodeSafetensors(invalid)).toThrow('the header is not valid UTF-8');
  });

  it('reads a Buffer of Node, whose slice() is a view', () => {
    const bytes = Buffer.from(encodeSafetensors(tensors));
    const { data } = decodeSafetensors(bytes).tensors[0]!;
    expect(data).toEqual(tensors[0]!.data);
    bytes.fill(0);
    expect(data).toEqual(tensors[0]!.data);
  });
});
