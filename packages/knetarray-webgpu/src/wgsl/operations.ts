/** Elementwise operations as WGSL expressions over registers. */
import type { DType, OpName } from '@knet/knetarray';
import { isBytes } from './elements.js';

const float: Readonly<Partial<Record<OpName, (...args: string[]) => string>>> = {
  copy: a => a,
  neg: a => `-${a}`,
  abs: a => `abs(${a})`,
  abs2: a => `${a} * ${a}`,
  sqrt: a => `sqrt(${a})`,
  exp: a => `exp(${a})`,
  log: a => `log(${a})`,
  tanh: a => `tanh(${a})`,
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  max: (a, b) => `max(${a}, ${b})`,
  min: (a, b) => `min(${a}, ${b})`,
  eq: (a, b) => `select(0.0, 1.0, ${a} == ${b})`,
  ne: (a, b) => `select(0.0, 1.0, ${a} != ${b})`,
  gt: (a, b) => `select(0.0, 1.0, ${a} > ${b})`,
  ge: (a, b) => `select(0.0, 1.0, ${a} >= ${b})`,
  lt: (a, b) => `select(0.0, 1.0, ${a} < ${b})`,
  le: (a, b) => `select(0.0, 1.0, ${a} <= ${b})`,
  where: (c, a, b) => `select(${b}, ${a}, ${c} != 0.0)`,
};

/**
 * Expression of an operation on registers of a dtype; bytes stay within 0 .. 255.
 * @throws TypeError for an operation that has no WGSL
 */
export function operation(op: OpName, dtype: DType, args: readonly string[]): string {
  const make = float[op];
  if (make === undefined) throw new TypeError(`webgpu: no implementation of '${op}'`);
  const expression = make(...args);
  return isBytes(dtype) ? `((${expression}) & 255)` : expression;
}

/** WGSL functions that the given operations call. */
export function operationLibrary(_dtype: DType, _ops: readonly OpName[]): string {
  return 'fn to_int(x: f32) -> i32 { return i32(x); }';
}
