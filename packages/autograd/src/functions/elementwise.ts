/** Types and makers of elementwise functions: they serve numbers here, and arrays through the leaf type of their class. */
import type { Leaf, Value } from '../leaf.js';
import { type Primitive, primitive, type Rule } from '../primitive.js';

/** An elementwise function of one argument. */
export interface UnaryFunction {
  (x: number): number;
  <T extends Leaf>(x: T): T;
  (x: Value): Value;
}

/** An elementwise function of two arguments, which are broadcast against each other. */
export interface BinaryFunction {
  (a: number, b: number): number;
  <T extends Leaf>(a: T, b: T | number): T;
  <T extends Leaf>(a: number, b: T): T;
  (a: Value, b: Value): Value;
}

/** An elementwise function of three arguments, which are broadcast against each other. */
export interface TernaryFunction {
  (a: number, b: number, c: number): number;
  <T extends Leaf>(a: T, b: T | number, c: T | number): T;
  <T extends Leaf>(a: Value, b: Value, c: T): T;
  (a: Value, b: Value, c: Value): Value;
}

/** Rule of a unary function. */
export type UnaryRule = Rule<[x: Value], Value>;
/** Rule of a binary function. */
export type BinaryRule = Rule<[a: Value, b: Value], Value>;

/** Makes a unary elementwise function; without a rule its derivative is zero everywhere. */
export function unary(name: string, number: (x: number) => number, rule?: UnaryRule): Primitive<UnaryFunction> {
  return primitive<UnaryFunction>(name, { number, elementwise: true, derivatives: [rule], zeroDerivative: rule === undefined });
}

/** Makes a binary elementwise function; without rules its derivative is zero everywhere. */
export function binary(
  name: string,
  number: (a: number, b: number) => number,
  rules?: readonly [BinaryRule, BinaryRule],
): Primitive<BinaryFunction> {
  return primitive<BinaryFunction>(name, { number, elementwise: true, derivatives: rules ?? [], zeroDerivative: rules === undefined });
}

/** The derivative rule of a function of x whose derivative is `slope(x)`. */
export function slope(derivative: (x: Value) => Value, times: (a: Value, b: Value) => Value): UnaryRule {
  return context => {
    const x = context.arg(0);
    return dy => times(dy, derivative(x));
  };
}
