/** Programs as WGSL. */
import { type DType, type Program, roundToHalf } from '@knet/knetarray';
import { type Params, param, paramFloat, paramInt } from '../params.js';
import type { Operand } from '../shader.js';
import { convert, load, registerOf, rounded } from './elements.js';
import { operation, operationLibrary } from './operations.js';

/** WGSL functions that a program calls. */
export function programLibrary({ dtype, instructions }: Program): string {
  return operationLibrary(
    dtype,
    instructions.map(({ op }) => op),
  );
}

/**
 * Statements that compute the registers `r0`, `r1`, ... of a program for one element.
 *
 * @param operands - the buffers of the inputs
 * @param dtypes - their element types
 * @param indices - WGSL expressions of their indices
 * @param scalars - word of the parameters where the scalars begin
 */
export function programCode(
  program: Program,
  operands: readonly Operand[],
  dtypes: readonly DType[],
  indices: readonly string[],
  scalars: number,
): string {
  const { dtype, inputs, instructions } = program;
  const lines: string[] = [];
  for (let k = 0; k < inputs; k++) {
    lines.push(`let r${k} = ${convert(load(operands[k]!, dtypes[k]!, indices[k]!), dtypes[k]!, dtype)};`);
  }
  for (let s = 0; s < program.scalars; s++) {
    lines.push(`let r${inputs + s} = ${registerOf(dtype) === 'f32' ? paramFloat(scalars + s) : paramInt(scalars + s)};`);
  }
  const first = inputs + program.scalars;
  const products = productsToKeep(program);
  // The first parameter is a length, and never 0; compilers do not know that.
  if (products.size > 0) lines.push(`let all_bits = select(0xffffffffu, 0u, ${param(0)} == 0u);`);
  instructions.forEach(({ op, args }, i) => {
    const operands = args.map(register => `r${register}`);
    const result = rounded(operation(op, dtype, operands), dtype);
    lines.push(`let r${first + i} = ${products.has(first + i) ? `bitcast<f32>(bitcast<u32>(${result}) & all_bits)` : result};`);
  });
  return lines.join('\n    ');
}

/**
 * Products that are added to something, whose rounding has to be kept: compilers fuse them with the addition, or factor a sum of two,
 * and then the same operations give other bits than one by one.
 */
function productsToKeep({ dtype, inputs, scalars, instructions, outputs }: Program): Set<number> {
  const products = new Set<number>();
  if (registerOf(dtype) !== 'f32') return products;
  const first = inputs + scalars;
  // A reduction adds up what it computes.
  const added = new Set(outputs);
  for (const { op, args } of instructions)
    if (op === 'add' || op === 'sub' || op === 'neg') for (const register of args) added.add(register);
  instructions.forEach(({ op }, i) => {
    if ((op === 'mul' || op === 'abs2') && added.has(first + i)) products.add(first + i);
  });
  return products;
}

/** Writes the scalars of a program as its dtype holds them. */
export function writeScalars(params: Params, dtype: DType, scalars: readonly number[]): void {
  for (let s = 0; s < scalars.length; s++) {
    if (dtype === 'float32') params.f32(scalars[s]!);
    else if (dtype === 'float16') params.f32(roundToHalf(scalars[s]!));
    else if (dtype === 'int32') params.i32(scalars[s]!);
    else params.i32(scalars[s]! & 255);
  }
}
