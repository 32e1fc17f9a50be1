/** How elements lie in buffers, and how they are read into registers and written back. */
import { type DType, isFloat } from '@knet/knetarray';
import type { ElementType, Operand } from '../shader.js';

/** Type of a register: integers of every width and truth values are i32, halves are computed in single precision. */
export type Register = 'f32' | 'i32';

/** The register that holds elements of a dtype. */
export function registerOf(dtype: DType): Register {
  return isFloat(dtype) ? 'f32' : 'i32';
}

/** Whether elements are bytes, four in a word. */
export function isBytes(dtype: DType): boolean {
  return dtype === 'uint8' || dtype === 'bool';
}

const elementType = (dtype: DType): ElementType => (dtype === 'float16' ? 'f16' : registerOf(dtype));

/** Type of a buffer that is read. */
export function inputType(dtype: DType): ElementType {
  return isBytes(dtype) ? 'u32' : elementType(dtype);
}

/** Type of a buffer that is written: threads that write bytes of one word must not lose each other's. */
export function outputType(dtype: DType): ElementType {
  return isBytes(dtype) ? 'atomic<u32>' : elementType(dtype);
}

/** Reads element `index` (a u32 expression) as the register of its own dtype. */
export function load({ name, type }: Operand, dtype: DType, index: string): string {
  if (dtype === 'float16') return `f32(${name}[${index}])`;
  if (!isBytes(dtype)) return type === 'atomic<i32>' ? `atomicLoad(&${name}[${index}])` : `${name}[${index}]`;
  const word = type === 'atomic<u32>' ? `atomicLoad(&${name}[(${index}) >> 2u])` : `${name}[(${index}) >> 2u]`;
  return `i32((${word} >> (((${index}) & 3u) * 8u)) & 255u)`;
}

/** Converts a register from one dtype to another, as typed arrays do: towards 0, modulo the width of integers. */
export function convert(expression: string, from: DType, to: DType): string {
  if (from === to) return expression;
  const fromFloat = isFloat(from);
  if (isFloat(to)) return rounded(fromFloat ? expression : `f32(${expression})`, to);
  // NaN and subnormal numbers are true.
  if (to === 'bool') return fromFloat ? `select(1, 0, is_zero(${expression}))` : `select(0, 1, ${expression} != 0)`;
  const whole = fromFloat ? `to_int(${expression})` : expression;
  return to === 'uint8' && from !== 'bool' ? `(${whole} & 255)` : whole;
}

/** A number as a float dtype can hold it. */
export function rounded(expression: string, dtype: DType): string {
  return dtype === 'float16' ? `f32(f16(${expression}))` : expression;
}

/** Statement that writes a register of the buffer's dtype to element `index`. */
export function store({ name }: Operand, dtype: DType, index: string, value: string): string {
  if (dtype === 'float16') return `${name}[${index}] = f16(${value});`;
  if (!isBytes(dtype)) return `${name}[${index}] = ${value};`;
  return `store_byte_${name}(${index}, ${value});`;
}

/** Function that {@link store} calls for an output of bytes. */
export function storeFunctions(outputs: readonly Operand[], dtypes: readonly DType[]): string {
  const names = new Set(outputs.filter((_, k) => isBytes(dtypes[k]!)).map(({ name }) => name));
  return [...names]
    .map(
      name => `
fn store_byte_${name}(index: u32, value: i32) {
  let shift = (index & 3u) * 8u;
  atomicAnd(&${name}[index >> 2u], ~(255u << shift));
  atomicOr(&${name}[index >> 2u], (u32(value) & 255u) << shift);
}`,
    )
    .join('\n');
}
