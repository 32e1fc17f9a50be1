/** The content of an IDX file: sizes in the order of the file (last one fastest), and the bytes, a view of the input. */
export interface IdxContent {
  readonly sizes: number[];
  readonly data: Uint8Array;
}

const elementTypes: Readonly<Record<number, string>> = { 9: 'int8', 11: 'int16', 12: 'int32', 13: 'float32', 14: 'float64' };

/**
 * Reads an IDX file of unsigned bytes, the format of MNIST: two zero bytes, the element type (8), the number of dimensions, each size as
 * a big-endian 32-bit integer, then the elements with the last dimension fastest.
 *
 * @param bytes the whole file, not compressed
 * @param name goes into the error's message
 * @throws if the file is malformed, cut short, has bytes left over, or holds another element type
 * @example
 * const { sizes, data } = parseIdx(bytes, 'labels'); // sizes [60000]
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxContent {
  if (bytes.length < 4) throw new Error(`${name}: an IDX file has at least 4 bytes, found ${bytes.length}`);
  const [zero0, zero1, type = 0, rank = 0] = bytes;
  if (zero0 !== 0 || zero1 !== 0) throw new Error(`${name}: not an IDX file: expected two zero bytes first, found ${zero0} and ${zero1}`);
  if (type !== 8)
    throw new Error(`${name}: expected element type 8 (uint8) at byte 2, found ${type} (${elementTypes[type] ?? 'unknown to the format'})`);
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    throw new Error(`${name}: expected a header of ${start} bytes for ${rank} dimensions, found ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = Array.from({ length: rank }, (_, d) => view.getUint32(4 + 4 * d));
  const expected = sizes.reduce((product, n) => product * n, 1);
  if (bytes.length - start !== expected)
    throw new Error(`${name}: expected ${expected} bytes for sizes [${sizes.join(', ')}], found ${bytes.length - start}`);
  return { sizes, data: bytes.subarray(start) };
}
