/** Elementwise operations as WGSL expressions over registers. */
import type { DType, OpName } from '@knet/knetarray';
import { arcs } from './arcs.js';
import { isBytes, registerOf } from './elements.js';
import { errorFunctions } from './error-functions.js';
import { exponential } from './exponential.js';
import { floats } from './floats.js';
import { gamma } from './gamma.js';
import { integers } from './integers.js';
import { declarations, type Functions } from './library.js';
import { logarithms } from './logarithms.js';
import { powers } from './powers.js';
import { trigonometric } from './trigonometric.js';

const functions: Functions = /* @__PURE__ */ Object.assign(
  {},
  floats,
  exponential,
  logarithms,
  powers,
  trigonometric,
  arcs,
  errorFunctions,
  gamma,
  integers,
);

type Expression = (a: string, b: string, c: string) => string;

/** Operations of float32; the others are functions, `sin_of(a)`, `pow_of(a, b)`. */
const float: Readonly<Partial<Record<OpName, Expression>>> = {
  copy: a => a,
  neg: a => `-${a}`,
  abs: a => `abs(${a})`,
  abs2: a => `${a} * ${a}`,
  sign: a => `sign_of(${a})`,
  sqrt: a => `sqrt(${a})`,
  floor: a => `floor(${a})`,
  ceil: a => `ceil(${a})`,
  round: a => `round(${a})`,
  trunc: a => `trunc(${a})`,
  isfinite: a => `select(0.0, 1.0, is_finite(${a}))`,
  isnan: a => `select(0.0, 1.0, is_nan(${a}))`,
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  eq: (a, b) => `select(0.0, 1.0, ${a} == ${b})`,
  // As the opposite of equality: compilers give !=, too, only for numbers that can be compared.
  ne: (a, b) => `select(1.0, 0.0, ${a} == ${b})`,
  gt: (a, b) => `select(0.0, 1.0, ${a} > ${b})`,
  ge: (a, b) => `select(0.0, 1.0, ${a} >= ${b})`,
  lt: (a, b) => `select(0.0, 1.0, ${a} < ${b})`,
  le: (a, b) => `select(0.0, 1.0, ${a} <= ${b})`,
  where: (c, a, b) => `select(${a}, ${b}, is_zero(${c}))`,
};

/** Operations of whole numbers; the others are computed in float32 and cut off. */
const whole: Readonly<Partial<Record<OpName, Expression>>> = {
  copy: a => a,
  neg: a => `-${a}`,
  abs: a => `abs(${a})`,
  abs2: a => `${a} * ${a}`,
  sign: a => `sign(${a})`,
  floor: a => a,
  ceil: a => a,
  round: a => a,
  trunc: a => a,
  isfinite: () => '1',
  isnan: () => '0',
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `divide_whole(${a}, ${b})`,
  pow: (a, b) => `power_whole(${a}, ${b})`,
  max: (a, b) => `max(${a}, ${b})`,
  min: (a, b) => `min(${a}, ${b})`,
  eq: (a, b) => `select(0, 1, ${a} == ${b})`,
  ne: (a, b) => `select(0, 1, ${a} != ${b})`,
  gt: (a, b) => `select(0, 1, ${a} > ${b})`,
  ge: (a, b) => `select(0, 1, ${a} >= ${b})`,
  lt: (a, b) => `select(0, 1, ${a} < ${b})`,
  le: (a, b) => `select(0, 1, ${a} <= ${b})`,
  where: (c, a, b) => `select(${b}, ${a}, ${c} != 0)`,
};

/** Operations whose results lie within 0 .. 255 when their operands do. */
const withinBytes: ReadonlySet<OpName> = /* @__PURE__ */ new Set<OpName>([
  'copy',
  'abs',
  'sign',
  'floor',
  'ceil',
  'round',
  'trunc',
  'isfinite',
  'isnan',
  'max',
  'min',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'where',
]);

/** Operations of float32 that are no function in WGSL of ours with the name of the operation before `_of`. */
function floatOperation(op: OpName, args: readonly string[]): string {
  const make = float[op];
  return make === undefined ? `${op}_of(${args.join(', ')})` : make(args[0]!, args[1]!, args[2]!);
}

/**
 * Expression of an operation on registers of a dtype; bytes stay within 0 .. 255, copies of truth values become 0 and 1. It calls
 * functions of {@link operationLibrary}.
 */
export function operation(op: OpName, dtype: DType, args: readonly string[]): string {
  if (registerOf(dtype) === 'f32') return floatOperation(op, args);
  if (dtype === 'bool' && op === 'copy') return `select(0, 1, ${args[0]} != 0)`;
  const make = whole[op];
  if (make === undefined) {
    const result = `to_int(${floatOperation(
      op,
      args.map(a => `f32(${a})`),
    )})`;
    return isBytes(dtype) ? `(${result} & 255)` : result;
  }
  const expression = make(args[0]!, args[1]!, args[2]!);
  return isBytes(dtype) && !withinBytes.has(op) ? `((${expression}) & 255)` : expression;
}

/** WGSL functions that the given operations, and conversions of their operands and results, call. */
export function operationLibrary(dtype: DType, ops: readonly OpName[]): string {
  const calls = ops.map(op => operation(op, dtype, ['a', 'b', 'c']));
  return declarations(functions, ['to_int()', 'is_zero()', ...calls].join('\n'));
}
