/** Half precision (IEEE 754 binary16): bits on a device, numbers of a Float32Array on the host. */

const f32 = /* @__PURE__ */ new Float32Array(1);
const u32 = /* @__PURE__ */ new Uint32Array(f32.buffer);

/** The bits of the half that is nearest to a number, ties to even; beyond 65504 + 16 it is infinite. */
function halfBits(x: number): number {
  f32[0] = x;
  const bits = u32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // The exponent is rebased from 127 to 15; half of the last place is added, less one where the rest is even.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Subnormal: a multiple of 2^-24. Adding 2^-24 * 2^23 lets float32 round to it.
  f32[0] = Math.abs(x) + 0.5;
  return sign | (u32[0]! - 0x3f000000);
}

function fromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The nearest number that a half can hold. */
export function roundToHalf(x: number): number {
  return fromBits(halfBits(x));
}

/** The bits of numbers as halves. */
export function encodeHalves(numbers: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halfBits(numbers[i]!);
  return bits;
}

/** The numbers of halves. */
export function decodeHalves(bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = fromBits(bits[i]!);
  return numbers;
}
