/**
 * What autograd has to know of a type of value that it can differentiate. Numbers are built in; an array library attaches a
 * {@link LeafType} to its class under the key {@link leafType}, and from then on `grad`, containers, `gradcheck` and every
 * elementwise function work on it.
 */
import { leafType } from './keys.js';
import { NumberLeaf } from './number.js';
import { disown } from './ownership.js';
import type { Entry } from './tape.js';

/** An object that can be differentiated: it names its {@link LeafType}. */
export interface Leaf {
  readonly [leafType]: LeafType;
}

/** A number or a differentiable object. */
export type Value = number | Leaf;

/** The services that autograd asks of a type of differentiable value. */
export interface LeafType {
  /** Name for error messages. */
  readonly name: string;
  /** Wraps a value so that it passes for the value and carries its tape entry under `boxEntry`. */
  box(value: Value, entry: Entry): Value;
  /** A zero of the same shape and type. */
  zero(value: Value): Value;
  /** The gradient that starts the backward pass, or undefined when the value is no scalar. */
  seed(value: Value): Value | undefined;
  /** What a gradient of this value must look like (a shape), small enough to be kept. */
  describe(value: Value): unknown;
  /** Sums a gradient over what broadcasting repeated, down to the description of an argument. */
  fit(gradient: Value, description: unknown): Value;
  /** Adds a gradient to a sum of gradients in place, where that is possible and saves work; false where `add` has to do it. */
  accumulate?(sum: Value, gradient: Value): boolean;
  /** Runs an elementwise function of this name on arguments of which at least one is of this type. */
  elementwise(name: string, args: readonly unknown[]): Value;
  /** Makes the gradient that leaves `grad` independent of everything else, in the form the leaf's user expects. */
  conform(gradient: Value, value: Value): Value;
  /** Computes what is still pending, because the value outlives its tape. */
  settle(value: Value): void;
  /** Sum of all elements. */
  total(value: Value): Value;
  /** All elements as numbers; throws where the device cannot block. */
  unpack(value: Value): ArrayLike<number>;
  /** All elements as numbers. */
  unpackAsync(value: Value): Promise<ArrayLike<number>>;
  /** A value like `like` with these elements. */
  pack(elements: ArrayLike<number>, like: Value): Value;
  /** Distance from 1 to the next number of the value's type; 0 when it is not differentiable (integers). */
  epsilon(value: Value): number;
  /** For messages: type and shape. */
  inspect(value: Value): string;
}

/** The leaf type of a value, or undefined when it cannot be differentiated. */
export function leafTypeOf(x: unknown): LeafType | undefined {
  if (typeof x === 'number') return NumberLeaf;
  return typeof x === 'object' && x !== null ? (x as Partial<Leaf>)[leafType] : undefined;
}

/** The gradient in the form that the user of a leaf expects. A number may have got the gradient of an array operation. */
export function conform(gradient: Value, leaf: Value): Value {
  const type = leafTypeOf(leaf);
  return (type === NumberLeaf ? leafTypeOf(gradient) : type)?.conform(gradient, leaf) ?? gradient;
}

/** Hands a value that leaves its tape over to the user, computed while what it needs is there. */
export function keep(x: unknown): void {
  disown(x);
  leafTypeOf(x)?.settle(x as Value);
}

/** Whether a value can be differentiated: a number, or an object with a leaf type. */
export function isValue(x: unknown): x is Value {
  return leafTypeOf(x) !== undefined;
}

/** A word for any value, for error messages. */
export function describeValue(x: unknown): string {
  const type = leafTypeOf(x);
  if (type !== undefined) return type.inspect(x as Value);
  if (x === null) return 'null';
  if (typeof x === 'object') return x.constructor?.name ?? 'object';
  return typeof x;
}
