/** Arithmetic on arrays of one repeated number is done at once, on the number: seeds and zeros of gradients cost nothing. */
import type { Operand } from '../core/device-array.js';
import type { DType } from '../core/dtype.js';
import { asDType } from '../core/lazy.js';
import type { OpName } from '../program.js';

const folds: Partial<Record<OpName, (a: number, b: number) => number>> = {
  neg: a => -a,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** The number that every element of the result would be, if all operands are constant and the operation is simple. */
export function foldConstants(op: OpName, inputs: readonly Operand[], dtype: DType): number | undefined {
  const fold = folds[op];
  if (fold === undefined) return undefined;
  const a = numberOf(inputs[0]);
  const b = numberOf(inputs[1] ?? 0);
  return a === undefined || b === undefined ? undefined : asDType(fold(a, b), dtype);
}

const numberOf = (x: Operand | undefined): number | undefined => (typeof x === 'object' ? x.constantValue : x);
