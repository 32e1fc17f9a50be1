/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 *
 * There is no state: element i of a stream is a function of the key and i alone, so that every backend can compute any part of it in
 * any order. This is the mapping every kernel follows (integer division rounds down; W(j) is word j of the stream):
 *
 * ```text
 * W(j)          = philox(counter = [b mod 2^32, b div 2^32, 0, 0], key)[j mod 4]        with b = j div 4
 * bits[i]       = W(i)
 * float32 u[i]  = (W(i) >> 8) * 2^-24                                                   in [0, 1)
 * float64 u[i]  = ((W(2i) >> 5) * 2^26 + (W(2i+1) >> 6)) * 2^-53                        in [0, 1)
 * normal z[2p], z[2p+1] = r cos(2πv), r sin(2πv)   with r = sqrt(-2 ln(1 - u)),         u, v = uniform[2p], uniform[2p+1]
 * ```
 *
 * The normal pair is Box and Muller's (Ann. Math. Statist. 29 (1958) 610), made from the uniforms of the same dtype: 1 - u is exact
 * and in (0, 1], so the logarithm is never of 0. One counter serves 4 float32 or 2 float64 elements of either distribution. Bits and
 * uniforms are the same on every backend; normals agree to the rounding of the backend's log, sqrt, sin and cos.
 */

/** The two 32-bit key words; a seed and the number of the call make a good pair. */
export type PhiloxKey = readonly [number, number];

const ROUNDS = 10;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;

/**
 * One block: ten rounds over a counter of four words. Words are taken modulo 2^32.
 *
 * @param counter four 32-bit words
 * @param key two 32-bit words
 * @param out receives the four random words
 * @example
 * const out = new Uint32Array(4);
 * philox([0, 0, 0, 0], [0, 0], out); // out[0] is 0x6627e8d5
 */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  blocks(counter[0]!, counter[1]!, counter[2]!, counter[3]!, key[0]!, key[1]!, out, 0, 4);
}

/**
 * Blocks of consecutive counters into out[from .. to). Everything is an int32 local of this one loop, for the engine to keep in
 * registers; a call per block costs a third more.
 */
function blocks(
  first0: number,
  first1: number,
  first2: number,
  first3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
  from: number,
  to: number,
): void {
  let n0 = first0 | 0;
  let n1 = first1 | 0;
  for (let at = from; at < to; at += 4) {
    let c0 = n0;
    let c1 = n1;
    let c2 = first2 | 0;
    let c3 = first3 | 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The high word of a product of two 32-bit words, from four products of their halves; no sum exceeds 2^32 - 1.
      const low0 = c0 & 0xffff;
      const high0 = c0 >>> 16;
      const middle0 = (Math.imul(MULTIPLIER_0 >>> 16, low0) + (Math.imul(MULTIPLIER_0 & 0xffff, low0) >>> 16)) | 0;
      const cross0 = (Math.imul(MULTIPLIER_0 & 0xffff, high0) + (middle0 & 0xffff)) | 0;
      const low2 = c2 & 0xffff;
      const high2 = c2 >>> 16;
      const middle2 = (Math.imul(MULTIPLIER_1 >>> 16, low2) + (Math.imul(MULTIPLIER_1 & 0xffff, low2) >>> 16)) | 0;
      const cross2 = (Math.imul(MULTIPLIER_1 & 0xffff, high2) + (middle2 & 0xffff)) | 0;
      const upper0 = (Math.imul(MULTIPLIER_0 >>> 16, high0) + (middle0 >>> 16) + (cross0 >>> 16)) | 0;
      const upper2 = (Math.imul(MULTIPLIER_1 >>> 16, high2) + (middle2 >>> 16) + (cross2 >>> 16)) | 0;
      const lower0 = Math.imul(MULTIPLIER_0, c0);
      const lower2 = Math.imul(MULTIPLIER_1, c2);
      c0 = upper2 ^ c1 ^ k0;
      c1 = lower2;
      c2 = upper0 ^ c3 ^ k1;
      c3 = lower0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    out[at] = c0;
    out[at + 1] = c1;
    out[at + 2] = c2;
    out[at + 3] = c3;
    n0 = (n0 + 1) | 0;
    if (n0 === 0) n1 = (n1 + 1) | 0;
  }
}

/**
 * Random 32-bit words: `out[i] = W(start + i)`.
 *
 * @param start index in the stream of the first element; filling in pieces gives what one fill gives
 * @throws RangeError if `start` is not a whole number from 0 to 2^53
 * @example fillBits([seed, 0], new Uint32Array(1000))
 */
export function fillBits(key: PhiloxKey, out: Uint32Array, start = 0): void {
  checkStart('fillBits', start, 1);
  const before = start % 4;
  const edge = new Uint32Array(4);
  const run = (index: number, target: Uint32Array, from: number, to: number) =>
    blocks(index, Math.floor(index / 2 ** 32), 0, 0, key[0], key[1], target, from, to);
  // A block that sticks out at either end is made aside; the whole ones between go straight to their place.
  let from = 0;
  if (before > 0) {
    run((start - before) / 4, edge, 0, 4);
    for (let j = before; j < 4 && from < out.length; j++) out[from++] = edge[j]!;
  }
  const to = out.length - ((out.length - from) % 4);
  run((start + from) / 4, out, from, to);
  if (to < out.length) {
    run((start + to) / 4, edge, 0, 4);
    for (let j = 0; to + j < out.length; j++) out[to + j] = edge[j]!;
  }
}

/** Elements made at a time: a piece of words stays in the first-level cache until it is used. */
const PIECE = 4096;

/**
 * Uniform numbers in [0, 1): multiples of 2^-24 in a Float32Array, of 2^-53 in a Float64Array.
 *
 * @param start index in the stream of the first element
 * @throws RangeError if `start` is not a whole number from 0 to 2^53 (float64: 2^52)
 * @example fillUniform([seed, 0], new Float32Array(1000))
 */
export function fillUniform(key: PhiloxKey, out: Float32Array | Float64Array, start = 0): void {
  const each = out instanceof Float64Array ? 2 : 1;
  checkStart('fillUniform', start, each);
  const words = new Uint32Array(Math.min(PIECE, out.length) * each);
  for (let offset = 0; offset < out.length; offset += PIECE) {
    const count = Math.min(PIECE, out.length - offset);
    const piece = words.subarray(0, count * each);
    fillBits(key, piece, (start + offset) * each);
    if (out instanceof Float64Array) toFloat64(piece, out, offset);
    else toFloat32(piece, out, offset);
  }
}

// One loop per dtype: a loop that met both array types would look up the type at every element.
function toFloat32(words: Uint32Array, out: Float32Array, offset: number): void {
  for (let i = 0; i < words.length; i++) out[offset + i] = (words[i]! >>> 8) * 2 ** -24;
}

function toFloat64(words: Uint32Array, out: Float64Array, offset: number): void {
  for (let i = 0; 2 * i < words.length; i++) out[offset + i] = ((words[2 * i]! >>> 5) * 2 ** 26 + (words[2 * i + 1]! >>> 6)) * 2 ** -53;
}

/**
 * Standard normal numbers (mean 0, variance 1).
 *
 * @param start index in the stream of the first element
 * @throws RangeError if `start` is not a whole number from 0 to 2^53 (float64: 2^52)
 * @example fillNormal([seed, 1], new Float64Array(1000))
 */
export function fillNormal(key: PhiloxKey, out: Float32Array | Float64Array, start = 0): void {
  checkStart('fillNormal', start, out instanceof Float64Array ? 2 : 1);
  const length = out.length;
  const size = Math.min(PIECE, length + 2 + (length % 2)); // even
  const uniform = out instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  // Pairs begin at even elements of the stream: the first one may reach back before `out`, the last one beyond it.
  for (let offset = -(start % 2); offset < length; offset += size) {
    fillUniform(key, uniform, start + offset);
    for (let i = 0; i < size && offset + i < length; i += 2) {
      const r = Math.sqrt(-2 * Math.log(1 - uniform[i]!));
      const angle = 2 * Math.PI * uniform[i + 1]!;
      if (offset + i >= 0) out[offset + i] = r * Math.cos(angle);
      if (offset + i + 1 < length) out[offset + i + 1] = r * Math.sin(angle);
    }
  }
}

function checkStart(name: string, start: number, wordsPerElement: number): void {
  if (!(Number.isSafeInteger(start * wordsPerElement) && start >= 0 && start % 1 === 0))
    throw new RangeError(
      `${name}: start must be a whole number from 0 to 2^${54 - wordsPerElement}, the index of the first element; got ${start}`,
    );
}
