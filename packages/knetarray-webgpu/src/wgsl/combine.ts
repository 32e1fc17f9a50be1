/** What reductions combine: states, made of elements, that are merged in any grouping. */
import { type DType, isFloat, type ReduceOp } from '@knet/knetarray';
import { registerOf } from './elements.js';

/** A way to merge states, as WGSL. */
export interface Merge {
  /** Type of a state. */
  readonly type: string;
  /** The state of nothing. */
  readonly neutral: string;
  /** Expression of two states in one. */
  merge(a: string, b: string): string;
  /** Expression of the states of all threads of a subgroup in one. */
  subgroup(state: string): string;
}

/** A reduction in terms of states. */
export interface Combiner extends Merge {
  /** Words of a state in memory, and their type. */
  readonly words: 1 | 2;
  readonly register: 'f32' | 'i32';
  /** Functions that the expressions call. */
  readonly library: string;
  /** State of one element, from its value and its position along the reduced dimension (an i32). */
  lift(value: string, position: string): string;
  /** The result, as a register of the program's dtype; a position for argmax and argmin. */
  finish(state: string): string;
}

/** Sums and products of a type. */
export function arithmetic(op: 'sum' | 'prod', type: 'f32' | 'i32'): Merge {
  const [number, operator, all] = op === 'sum' ? ['0', '+', 'subgroupAdd'] : ['1', '*', 'subgroupMul'];
  return {
    type,
    neutral: `${type}(${number})`,
    merge: (a, b) => `(${a} ${operator} ${b})`,
    subgroup: state => `${all}(${state})`,
  };
}

/** Largest numbers of a type; `lowest` is at most all of them. */
export function largest(type: 'f32' | 'i32', lowest: string): Merge {
  return { type, neutral: lowest, merge: (a, b) => `max(${a}, ${b})`, subgroup: state => `subgroupMax(${state})` };
}

/** The states of a reduction of registers of a dtype. */
export function combinerOf(op: ReduceOp, dtype: DType): Combiner {
  const register = registerOf(dtype);
  if (op === 'sum' || op === 'prod') {
    return { ...arithmetic(op, register), words: 1, register, library: '', lift: value => value, finish: state => state };
  }
  const smallest = op === 'min' || op === 'argmin';
  const key = register === 'f32' ? `${smallest ? 'low' : 'high'}_key` : smallest ? '~' : '';
  const merge = largest('i32', `i32(${lowestKey(dtype, smallest)})`);
  if (op === 'max' || op === 'min') {
    const library = register === 'f32' ? keyFunctions : '';
    const finish = (state: string): string => (register === 'f32' ? `of_${key}(${state})` : `${key}(${state})`);
    return { ...merge, words: 1, register: 'i32', library, lift: value => `${key}(${value})`, finish };
  }
  // Zeros of both signs are equal here.
  const lift = (value: string, at: string): string =>
    register === 'f32' ? `vec2<i32>(${key}(without_sign_of_zero(${value})), ${at})` : `vec2<i32>(${key}(${value}), ${at})`;
  return {
    type: 'vec2<i32>',
    words: 2,
    register: 'i32',
    neutral: `vec2<i32>(${merge.neutral}, 2147483647)`,
    library: (register === 'f32' ? keyFunctions : '') + positionFunctions,
    lift,
    merge: (a, b) => `first_best(${a}, ${b})`,
    subgroup: state => `first_best_of_all(${state})`,
    finish: state => `${state}.y`,
  };
}

/** What keys of nothing are: of the lowest number (for a minimum, of the highest), so that this is the extreme of nothing. */
function lowestKey(dtype: DType, smallest: boolean): string {
  if (isFloat(dtype)) return '-2139095041';
  if (dtype === 'int32') return '-2147483647 - 1';
  return smallest ? (dtype === 'bool' ? '-2' : '-256') : '0';
}

/**
 * Float numbers as integers in the same order, negative zero before zero and NaN above all; for a minimum in the opposite order,
 * NaN above all again. Comparisons of NaN are not to be relied on in WGSL, those of integers are.
 */
const keyFunctions = `
fn in_order(bits: i32) -> i32 { return bits ^ ((bits >> 31u) & 0x7fffffff); }
fn high_key(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return select(in_order(bits), 0x7fc00000, (bits & 0x7fffffff) > 0x7f800000);
}
fn low_key(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return select(~in_order(bits), 0x7fc00000, (bits & 0x7fffffff) > 0x7f800000);
}
fn of_high_key(key: i32) -> f32 { return bitcast<f32>(in_order(key)); }
fn of_low_key(key: i32) -> f32 { return bitcast<f32>(select(in_order(~key), key, key == 0x7fc00000)); }
fn without_sign_of_zero(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  return bitcast<f32>(select(bits, 0u, bits == 0x80000000u));
}`;

/** Of two keys with positions the larger, and the first of equals. */
const positionFunctions = `
fn first_best(a: vec2<i32>, b: vec2<i32>) -> vec2<i32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}`;

/** Of all threads of a subgroup; see {@link Merge.subgroup}. */
export const subgroupFunctions: string = `
fn first_best_of_all(a: vec2<i32>) -> vec2<i32> {
  let best = subgroupMax(a.x);
  return vec2<i32>(best, subgroupMin(select(2147483647, a.y, a.x == best)));
}`;
