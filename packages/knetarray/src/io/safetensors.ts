import {
  bytesPerElement,
  checkBool,
  checkTensor,
  elementCount,
  fromBytes,
  type HostDType,
  type HostTensor,
  toLittleEndian,
} from './host-tensor.js';

/** One array of a safetensors file. */
export interface NamedTensor extends HostTensor {
  readonly name: string;
}

/** What a safetensors file holds: arrays in the order of their bytes, and the strings of its `__metadata__`. */
export interface SafetensorsContent {
  readonly tensors: NamedTensor[];
  readonly metadata: Record<string, string>;
}

const typeNames = { bfloat16: 'BF16', float16: 'F16', float32: 'F32', float64: 'F64', int32: 'I32', uint8: 'U8', bool: 'BOOL' } as const;

const dtypes: ReadonlyMap<unknown, HostDType> = /* @__PURE__ */ new Map<unknown, HostDType>([
  ['BF16', 'bfloat16'],
  ['F16', 'float16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['I32', 'int32'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

const METADATA = '__metadata__';

/** The format's own limit for the header, against files made to exhaust memory. */
const MAX_HEADER = 100_000_000;

/**
 * The bytes of a safetensors file: an 8-byte little-endian header length, a JSON header padded with spaces to a multiple of 8, and
 * the elements of every array one after the other.
 *
 * safetensors shapes are row-major. A column-major array with its shape **reversed** is the same bytes in row-major order, so shapes are
 * written reversed and the bytes as they are: a `[28, 28, 1, 100]` array of ours is a `[100, 1, 28, 28]` tensor to PyTorch.
 *
 * The same input gives the same bytes: arrays are written with the larger element sizes first (so that each is aligned to its elements)
 * and otherwise in the order given, metadata in the order of its keys.
 *
 * @param tensors arrays with distinct names, column-major
 * @param metadata strings kept in the header
 * @throws if a name occurs twice or is `__metadata__`, or an array's shape, dtype and data do not belong together
 * @example encodeSafetensors([{ name: 'w', dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }], { epoch: '3' })
 */
export function encodeSafetensors(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header = new Map<string, string>();
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, text] of entries)
    if (typeof text !== 'string')
      throw new TypeError(`encodeSafetensors: metadata ${JSON.stringify(key)} must be a string, got ${typeof text}`);
  if (entries.length > 0) header.set(METADATA, objectText(entries.map(([key, text]) => [key, JSON.stringify(text)])));
  for (const tensor of tensors) checkTensor(`encodeSafetensors: tensor ${JSON.stringify(tensor.name)}`, tensor);
  const ordered = [...tensors].sort((a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));
  let size = 0;
  for (const { name, dtype, shape, data } of ordered) {
    const quoted = JSON.stringify(name);
    if (name === METADATA) throw new Error(`encodeSafetensors: the name ${quoted} belongs to the metadata`);
    if (header.has(name)) throw new Error(`encodeSafetensors: two tensors are named ${quoted}`);
    const end = size + data.length * bytesPerElement(dtype);
    header.set(name, JSON.stringify({ dtype: typeNames[dtype], shape: [...shape].reverse(), data_offsets: [size, end] }));
    size = end;
  }
  const text = new TextEncoder().encode(objectText([...header]));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  if (start - 8 > MAX_HEADER)
    throw new RangeError(`encodeSafetensors: a header of ${start - 8} bytes is over the format's limit of ${MAX_HEADER}`);
  const out = new Uint8Array(start + size);
  new DataView(out.buffer).setUint32(0, start - 8, true);
  out.set(text, 8);
  out.fill(0x20, 8 + text.length, start);
  let offset = start;
  for (const { dtype, data } of ordered) {
    const bytes = toLittleEndian(dtype, data);
    out.set(bytes, offset);
    offset += bytes.length;
  }
  return out;
}

/** A JSON object with its members in this order (a JavaScript object would move names that look like numbers to the front). */
function objectText(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/**
 * Reads a safetensors file; shapes come back reversed (see {@link encodeSafetensors}), so that encoding the result gives the same
 * bytes again.
 *
 * @param bytes the whole file
 * @throws if the file is cut short or malformed (header length, JSON, offsets that overlap, leave holes or do not fit shape and dtype),
 * or holds a dtype other than BF16, F16, F32, F64, I32, U8 and BOOL; the message names the tensor
 * @example
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * const byName = new Map(tensors.map(t => [t.name, t]));
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  const fail = (what: string): never => {
    throw new Error(`decodeSafetensors: ${what}`);
  };
  if (bytes.length < 8) fail(`the file ends after ${bytes.length} bytes, within the 8 bytes of the header length`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER) fail(`a header of ${length} bytes is over the format's limit of ${MAX_HEADER}`);
  const start = 8 + length;
  if (start > bytes.length) fail(`the header should end at byte ${start}, but the file ends after ${bytes.length} bytes`);
  const text = decodeText(bytes.subarray(8, start), fail);
  const header = parseObject(text, fail);

  const metadata = Object.hasOwn(header, METADATA) ? header[METADATA] : {};
  if (!isObject(metadata) || !areStrings(metadata)) return fail(`${METADATA} must be an object whose values are strings`);

  const regions = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => readEntry(name, entry, fail))
    .sort((a, b) => a.begin - b.begin || a.end - b.end || a.position(text) - b.position(text));
  let offset = 0;
  for (const { quoted, begin, end } of regions) {
    if (begin !== offset)
      fail(
        `tensor ${quoted}: bytes ${begin} to ${end} ${begin < offset ? 'overlap' : 'leave a hole after'} those before, which end at ${offset}`,
      );
    if (start + end > bytes.length)
      fail(`tensor ${quoted}: its bytes end at ${end}, but the file has ${bytes.length - start} bytes of data`);
    offset = end;
  }
  if (start + offset !== bytes.length) fail(`the tensors take ${offset} bytes, but the file has ${bytes.length - start} bytes of data`);

  const tensors = regions.map(({ name, quoted, dtype, shape, begin, end }) => {
    const data = fromBytes(bytes.subarray(start + begin, start + end), dtype);
    if (dtype === 'bool') checkBool(`decodeSafetensors: tensor ${quoted}`, data);
    return { name, dtype, shape, data };
  });
  return { tensors, metadata };
}

type Fail = (what: string) => never;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const areStrings = (value: Record<string, unknown>): value is Record<string, string> =>
  Object.values(value).every(text => typeof text === 'string');

const areSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(n => Number.isSafeInteger(n) && n >= 0);

function decodeText(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('the header is not valid UTF-8');
  }
}

function parseObject(text: string, fail: Fail): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    return fail(`the header is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  return fail('the header is not a JSON object');
}

/** One member of the header: `{ "dtype": "F32", "shape": [...], "data_offsets": [begin, end] }`. */
function readEntry(name: string, entry: unknown, fail: Fail) {
  const quoted = JSON.stringify(name);
  if (!isObject(entry)) return fail(`tensor ${quoted}: its header entry is not an object`);
  const dtype =
    dtypes.get(entry.dtype) ?? fail(`tensor ${quoted}: dtype ${String(entry.dtype)} cannot be read (${[...dtypes.keys()].join(', ')} can)`);
  if (!areSizes(entry.shape)) return fail(`tensor ${quoted}: shape must be a list of whole numbers`);
  const shape = [...entry.shape].reverse();
  const offsets = entry.data_offsets;
  if (!areSizes(offsets) || offsets.length !== 2) return fail(`tensor ${quoted}: data_offsets must be two whole numbers`);
  const [begin = 0, end = 0] = offsets;
  const expected = elementCount(shape) * bytesPerElement(dtype);
  if (end - begin !== expected)
    fail(`tensor ${quoted}: shape [${entry.shape}] of ${String(entry.dtype)} needs ${expected} bytes, data_offsets give ${end - begin}`);
  /** Place in the header: keeps empty tensors, which share an offset, in their order. */
  const position = (text: string) => text.indexOf(`${quoted}:{`);
  return { name, quoted, dtype, shape, begin, end, position };
}
