/** How elements lie in buffers, and how they are read into registers and written back. */
import { type DType, dtypes, isFloat } from '@knet/knetarray';
import type { ElementType, Operand } from '../shader.js';

/** Type of a register: integers of every width and truth values are i32, halves are computed in single precision. */
export type Register = 'f32' | 'i32';

/** The register that holds elements of a dtype. */
export function registerOf(dtype: DType): Register {
  return isFloat(dtype) ? 'f32' : 'i32';
}

/** A number that stands for a dtype in keys. */
export function dtypeNumber(dtype: DType): number {
  return dtypes.indexOf(dtype);
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
export function load({ name, type, slot }: Operand, dtype: DType, index: string): string {
  const element = slot === undefined ? `${name}[${index}]` : `slab_load(${slot}, ${index})`;
  if (dtype === 'float16') return `f32(${element})`;
  if (!isBytes(dtype)) return type === 'atomic<i32>' ? `atomicLoad(&${element})` : element;
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
export function store({ name, slot }: Operand, dtype: DType, index: string, value: string): string {
  if (isBytes(dtype)) return `store_byte_${name}(${index}, ${value});`;
  const element = dtype === 'float16' ? `f16(${value})` : value;
  return slot === undefined ? `${name}[${index}] = ${element};` : `slab_store(${slot}, ${index}, ${element});`;
}

/** Functions by which operands with a {@link Operand.slot} are read and written, none for a single slab. */
export function slabFunctions(slabs: readonly Operand[]): string {
  if (slabs.length < 2) return '';
  const { type } = slabs[0]!;
  const last = slabs.length - 1;
  const each = (statement: (name: string) => string): string =>
    slabs.map(({ name }, k) => (k === last ? statement(name) : `if (slot == ${k}u) { ${statement(name)} } else`)).join(' ');
  const lastBlock = (text: string): string => text.replace(/else ([^{}]*)$/, 'else { $1 }');
  return `
fn slab_load(slot: u32, index: u32) -> ${type} {
  var x: ${type};
  ${lastBlock(each(name => `x = ${name}[index];`))}
  return x;
}
fn slab_store(slot: u32, index: u32, x: ${type}) {
  ${lastBlock(each(name => `${name}[index] = x;`))}
}`;
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
