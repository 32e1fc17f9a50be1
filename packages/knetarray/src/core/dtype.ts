/** Element types and their typed arrays. */

/** Element types of arrays. `bool` holds 0 and 1 in bytes; `float16` and `bfloat16` come to the host as the numbers of a Float32Array. */
export type DType = 'bfloat16' | 'float16' | 'float32' | 'float64' | 'int32' | 'uint8' | 'bool';

/** Floats of two bytes: half precision (IEEE 754 binary16), and the upper half of a float32 with its exponents. */
export type HalfDType = 'float16' | 'bfloat16';

/** The typed arrays that hold elements on the host. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** All element types, from the lowest to the highest in mixed arithmetic; see {@link promote} for bfloat16 with float16. */
export const dtypes: readonly DType[] = ['bool', 'uint8', 'int32', 'bfloat16', 'float16', 'float32', 'float64'];

const bytes: Readonly<Record<DType, number>> = { bool: 1, uint8: 1, int32: 4, bfloat16: 2, float16: 2, float32: 4, float64: 8 };

/** Bytes per element. */
export function bytesPerElement(dtype: DType): number {
  return bytes[dtype];
}

/** Whether the type is bfloat16, float16, float32 or float64. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || isHalf(dtype);
}

/** Whether the type is float16 or bfloat16. */
export function isHalf(dtype: DType): dtype is HalfDType {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** A zeroed typed array. */
export function typedArray(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case 'bfloat16':
    case 'float16':
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    default:
      return new Uint8Array(length);
  }
}

/** The element type of a typed array. */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  return 'uint8';
}

/**
 * The type of mixed arithmetic: the higher of the two in the order bool, uint8, int32, bfloat16 or float16, float32, float64. Neither of
 * bfloat16 and float16 has all numbers of the other: together they give float32.
 */
export function promote(a: DType, b: DType): DType {
  if (a !== b && isHalf(a) && isHalf(b)) return 'float32';
  return dtypes.indexOf(a) >= dtypes.indexOf(b) ? a : b;
}

/**
 * Checks an element type that came from outside.
 * @throws TypeError that lists the known types
 */
export function checkDType(dtype: string, caller: string): DType {
  const known = dtypes.find(d => d === dtype);
  if (known === undefined) throw new TypeError(`${caller}: unknown dtype '${dtype}'; use one of ${[...dtypes].reverse().join(', ')}`);
  return known;
}
