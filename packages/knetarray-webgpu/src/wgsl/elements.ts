/** How elements lie in buffers, and how they are read into registers and written back. */
import type { DType } from '@knet/knetarray';
import type { ElementType, Operand } from '../shader.js';

/** Type of a register: integers of every width and truth values are i32. */
export type Register = 'f32' | 'i32';

/** The register that holds elements of a dtype. */
export function registerOf(dtype: DType): Register {
  return dtype === 'float32' ? 'f32' : 'i32';
}

/** Whether elements are bytes, four in a word. */
export function isBytes(dtype: DType): boolean {
  return dtype === 'uint8' || dtype === 'bool';
}

/** Type of a buffer that is read. */
export function inputType(dtype: DType): ElementType {
  return isBytes(dtype) ? 'u32' : registerOf(dtype);
}

/** Type of a buffer that is written: threads that write bytes of one word must not lose each other's. */
export function outputType(dtype: DType): ElementType {
  return isBytes(dtype) ? 'atomic<u32>' : registerOf(dtype);
}

/** Reads element `index` (a u32 expression) as the register of its own dtype. */
export function load({ name, type }: Operand, dtype: DType, index: string): string {
  if (!isBytes(dtype)) return `${name}[${index}]`;
  const word = type === 'atomic<u32>' ? `atomicLoad(&${name}[(${index}) >> 2u])` : `${name}[(${index}) >> 2u]`;
  return `i32((${word} >> (((${index}) & 3u) * 8u)) & 255u)`;
}

/** Converts a register from one dtype to another, as typed arrays do: towards 0, modulo the width of integers. */
export function convert(expression: string, from: DType, to: DType): string {
  if (from === to) return expression;
  if (to === 'float32') return `f32(${expression})`;
  // NaN and subnormal numbers are true.
  if (to === 'bool' && from === 'float32') return `select(1, 0, is_zero(${expression}))`;
  const whole = from === 'float32' ? `to_int(${expression})` : expression;
  // Truth values are normalised by the program that copies them.
  return isBytes(to) && from !== 'bool' ? (to === 'bool' ? `select(0, 1, ${expression} != 0)` : `(${whole} & 255)`) : whole;
}

/** Statement that writes a register of the buffer's dtype to element `index`. */
export function store({ name }: Operand, dtype: DType, index: string, value: string): string {
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
