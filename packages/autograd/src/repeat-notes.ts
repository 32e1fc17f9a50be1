/** What is noted of a gradient computation, and what an array library has to note of its kernels. See `repeat.ts`. */
import type { Leaf, Value } from './leaf.js';
import type { Recordable } from './repeat-hooks.js';

/** What an array library does for computations that repeat themselves. */
export interface Repeater {
  /** Begins to note kernels; undefined when these leaves cannot be repeated. */
  note(leaves: readonly Value[]): KernelNotes | undefined;
}

/** The kernels of one gradient computation, while they are noted. */
export interface KernelNotes {
  /** What stands for leaf `i`: itself, or for a number an array, so that kernels read it from memory. */
  leaf(i: number): Leaf;
  /** An array of the user's that a function was called with; undefined when it cannot be followed. */
  operand(x: Leaf): Operand | undefined;
  /** An array of no elements that looks like `x`. */
  look(x: Leaf): Leaf;
  /** The function has returned: what runs from now on belongs to the computation. */
  returned(): void;
  /** Ends the notes; undefined when the kernels cannot be run again to give these results. */
  end(results: readonly (Value | undefined)[]): KernelPlan | undefined;
  /** Ends the notes, which are of no use. */
  drop(): void;
}

/** An argument that comes from outside of the computation. */
export interface Operand {
  /** Takes what stands in its place now; false when that differs in more than its elements. */
  bind(x: unknown): boolean;
}

/** Kernels that can be run again. */
export interface KernelPlan {
  /** The operands that leaves are bound to. */
  readonly leaves: readonly Operand[];
  /** Runs the kernels on what the operands were bound to. */
  run(): (Value | undefined)[];
  /** Forgets what the operands were bound to. */
  release(): void;
}

/** An argument in the notes: the result of a step or, below 0, a leaf; an operand; or something that has to be the same again. */
export type Argument = number | Operand | Fixed;

export class Fixed {
  constructor(readonly value: unknown) {}
}

export interface Step {
  readonly f: Recordable;
  readonly args: readonly Argument[];
  readonly look: Leaf;
  readonly constant: boolean;
}

/** What was noted of a computation. */
export interface Notes {
  readonly steps: readonly Step[];
  readonly root: number;
  readonly kernels: KernelPlan;
}

/** Options: a plain object of numbers, strings, truth values, and lists of them. */
export function isPlain(x: object): boolean {
  if (Object.getPrototypeOf(x) !== Object.prototype) return false;
  return Object.values(x).every(item => !isObject(item) || (Array.isArray(item) && !item.some(isObject)));
}

/** A copy that stays as it is when the lists of the original are changed. */
export const copied = (x: object): object =>
  Object.fromEntries(Object.entries(x).map(([key, item]) => [key, Array.isArray(item) ? item.slice() : item]));

export const isObject = (x: unknown): boolean => (typeof x === 'object' && x !== null) || typeof x === 'function';

export function samePlain(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return false;
  let count = 0;
  for (const key in a) {
    const [x, y] = [a[key], b[key]];
    if (!Object.is(x, y) && !(Array.isArray(x) && Array.isArray(y) && x.length === y.length && x.every((item, i) => Object.is(item, y[i]))))
      return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype;
}
