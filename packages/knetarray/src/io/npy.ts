import {
  bytesPerElement,
  checkBool,
  checkTensor,
  elementCount,
  fromBytes,
  type HostData,
  type HostDType,
  type HostTensor,
  toLittleEndian,
} from './host-tensor.js';

/**
 * NumPy's .npy format (NEP 1, and the documentation of `numpy.lib.format`): the magic string, a version, and a Python dictionary literal
 * `{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }` padded with spaces, then the bytes of the elements.
 */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const descriptors = { float16: '<f2', float32: '<f4', float64: '<f8', int32: '<i4', uint8: '|u1', bool: '|b1' } as const;

const codes: ReadonlyMap<string, HostDType> = /* @__PURE__ */ new Map<string, HostDType>([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i4', 'int32'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);

/**
 * The bytes of a .npy file, version 1.0, little-endian. Our arrays are column-major, which NumPy calls Fortran order: the shape is
 * written as it is and the elements are not reordered.
 *
 * @throws if shape, dtype and data do not belong together, or the dtype is bfloat16, which the format does not have
 * @example encodeNpy({ dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) })
 */
export function encodeNpy(tensor: HostTensor): Uint8Array {
  checkTensor('encodeNpy', tensor);
  const { dtype, shape, data } = tensor;
  if (dtype === 'bfloat16')
    throw new TypeError(
      'encodeNpy: .npy has no bfloat16; give the same data the dtype float32, or use encodeSafetensors, which keeps bfloat16',
    );
  // Python writes a tuple of one with a comma: (5,).
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descriptors[dtype]}', 'fortran_order': True, 'shape': ${tuple}, }`;
  // Magic, version, length field, header and the newline that ends it fill a multiple of 64 bytes.
  const size = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  if (size - 10 > 0xffff) throw new RangeError(`encodeNpy: a shape of ${shape.length} dimensions does not fit into the header`);
  const out = new Uint8Array(size + data.length * bytesPerElement(dtype));
  out.set(MAGIC);
  out.set([1, 0, (size - 10) & 0xff, (size - 10) >> 8], 6);
  out.set(new TextEncoder().encode(`${dictionary.padEnd(size - 11)}\n`), 10);
  out.set(toLittleEndian(dtype, data), size);
  return out;
}

/**
 * Reads a .npy file of version 1.0, 2.0 or 3.0, of either byte order and of either element order: elements in C order are reordered, so
 * that the result is column-major with the shape that NumPy shows.
 *
 * @param bytes the whole file
 * @throws if the file is cut short, has bytes left over, is malformed, or holds a dtype other than float16, float32, float64, int32, uint8 and bool
 * @example const { dtype, shape, data } = decodeNpy(bytes);
 */
export function decodeNpy(bytes: Uint8Array): HostTensor {
  if (bytes.length < 10) throw new Error(`decodeNpy: the file ends after ${bytes.length} bytes, within the first 10 bytes of the header`);
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw new Error('decodeNpy: not a .npy file: the first 6 bytes are not \\x93NUMPY');
  const version = `${bytes[6]}.${bytes[7]}`;
  if (!['1.0', '2.0', '3.0'].includes(version))
    throw new Error(`decodeNpy: version ${version} at byte 6 is unknown; versions 1.0, 2.0 and 3.0 can be read`);
  const start = version === '1.0' ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < start) throw new Error(`decodeNpy: the file ends after ${bytes.length} bytes, within the header length at byte 8`);
  const end = start + (version === '1.0' ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw new Error(`decodeNpy: the header should end at byte ${end}, but the file ends after ${bytes.length} bytes`);
  const { dtype, littleEndian, fortranOrder, shape } = parseHeader(new TextDecoder().decode(bytes.subarray(start, end)));
  const expected = elementCount(shape) * bytesPerElement(dtype);
  if (bytes.length - end !== expected)
    throw new Error(
      `decodeNpy: shape (${shape.join(', ')}) of ${dtype} needs ${expected} bytes from byte ${end} on, but the file has ${bytes.length - end}`,
    );
  const data = fromBytes(bytes.subarray(end), dtype, littleEndian);
  if (dtype === 'bool') checkBool('decodeNpy', data);
  return { dtype, shape, data: fortranOrder ? data : fromRowMajor(data, shape) };
}

/** The three entries of the header's dictionary, which may come in any order. */
function parseHeader(header: string) {
  const fail = (what: string): never => {
    throw new Error(`decodeNpy: ${what} in the header ${JSON.stringify(header.trim())}`);
  };
  const body = /^\s*\{(.*)\}\s*$/s.exec(header)?.[1] ?? fail('no dictionary');
  const entries = new Map<string, string>();
  let rest = body.trim();
  while (rest !== '') {
    const entry =
      /^(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([^()]*\))\s*(?:,\s*|$)/.exec(rest) ?? fail(`cannot read ${JSON.stringify(rest)}`);
    if (entries.has(entry[2]!)) fail(`${entry[2]} occurs twice`);
    entries.set(entry[2]!, entry[3]!);
    rest = rest.slice(entry[0].length);
  }
  const get = (key: string) => entries.get(key) ?? fail(`no ${key}`);
  for (const key of entries.keys()) if (!['descr', 'fortran_order', 'shape'].includes(key)) fail(`unknown entry ${key}`);

  const descr = get('descr').slice(1, -1);
  const dtype = codes.get(descr.slice(1)) ?? fail(`dtype ${descr} cannot be read (${[...codes.keys()].join(', ')} can)`);
  const order = descr[0]!;
  if (!'<>|='.includes(order) || (order === '|' && bytesPerElement(dtype) > 1)) fail(`unknown byte order ${descr}`);
  const fortranOrder = get('fortran_order');
  if (fortranOrder !== 'True' && fortranOrder !== 'False') fail('fortran_order is neither True nor False');
  const tuple = get('shape');
  if (!/^\(\s*(\d+\s*,\s*)*(\d+\s*)?\)$/.test(tuple) || /^\(\s*\d+\s*\)$/.test(tuple))
    fail(`shape ${tuple} is not a tuple of whole numbers`);
  const shape = (tuple.match(/\d+/g) ?? []).map(Number);
  if (!shape.includes(0) && !Number.isSafeInteger(elementCount(shape) * 8)) fail(`shape ${tuple} is too large`);
  return { dtype, littleEndian: order !== '>', fortranOrder: fortranOrder === 'True', shape };
}

/** Elements in C order (last dimension fastest), reordered with the first dimension fastest. */
function fromRowMajor(data: HostData, shape: readonly number[]): HostData {
  const out = data.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, d) => elementCount(shape.slice(d + 1)));
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    out[to] = data[from]!;
    for (let d = 0; d < shape.length; d++) {
      from += strides[d]!;
      index[d]! += 1;
      if (index[d]! < shape[d]!) break;
      from -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return out;
}
