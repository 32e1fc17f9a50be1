/** Floats of half the length of float32: bits on a device, numbers of a Float32Array on the host. */
import type { HalfDType } from './dtype.js';

const f32 = /* @__PURE__ */ new Float32Array(1);
const u32 = /* @__PURE__ */ new Uint32Array(f32.buffer);

/** The bits of the half that is nearest to a number as float32 has it, ties to even; beyond the largest half it is infinite. */
function halfBits(x: number, dtype: HalfDType): number {
  f32[0] = x;
  const bits = u32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  const brain = dtype === 'bfloat16';
  if (magnitude > 0x7f800000) return sign | (brain ? 0x7fc0 : 0x7e00);
  // Half of the last place is added, less one where the rest is even.
  if (brain) return sign | ((magnitude + 0x7fff + ((magnitude >>> 16) & 1)) >>> 16);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // The exponent is rebased from 127 to 15.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Subnormal: a multiple of 2^-24. Adding 2^-24 * 2^23 lets float32 round to it.
  f32[0] = Math.abs(x) + 0.5;
  return sign | (u32[0]! - 0x3f000000);
}

function fromBits(bits: number, dtype: HalfDType): number {
  if (dtype === 'bfloat16') {
    u32[0] = bits << 16;
    return f32[0]!;
  }
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The nearest number that a float16 or bfloat16 can hold. */
export function roundToHalf(x: number, dtype: HalfDType = 'float16'): number {
  return fromBits(halfBits(x, dtype), dtype);
}

/** The bits of numbers as float16 or bfloat16. */
export function encodeHalves(numbers: ArrayLike<number>, dtype: HalfDType = 'float16'): Uint16Array {
  const bits = new Uint16Array(numbers.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halfBits(numbers[i]!, dtype);
  return bits;
}

/** The numbers of float16 or bfloat16 elements. */
export function decodeHalves(bits: Uint16Array, dtype: HalfDType = 'float16'): Float32Array {
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = fromBits(bits[i]!, dtype);
  return numbers;
}
