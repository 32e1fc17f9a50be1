/** Where the core meets `repeat.ts`, which is a module of its own: who never repeats a gradient computation need not load it. */
import type { Value } from './leaf.js';
import type { Entry, Tape } from './tape.js';

/** A generic function, as a computation that repeats itself knows it. */
export interface Recordable {
  readonly name: string;
  /** Whether results and derivatives depend on nothing but the arguments. */
  readonly stateless: boolean;
  readonly definition: { readonly elementwise?: boolean };
  /** Runs the function on arguments with boxes of a tape, and fills the entry of its result. */
  fill(args: unknown[], tape: Tape, entry: Entry): Value;
}

/** A running computation that is noted, or compared with notes. */
export interface Repeat {
  /** The box of what a call gives, when the notes tell. */
  next(f: Recordable, args: unknown[]): Value | undefined;
  /** A call is to be computed, on `inner`, the arguments without their boxes; what it returns goes to {@link after}. */
  before(f: Recordable, args: readonly unknown[], inner: unknown[], parents: readonly (Entry | undefined)[]): unknown;
  /** The call has given y. */
  after(f: Recordable, noted: unknown, y: Value, entry: Entry): void;
  /** Something happened that the notes do not tell of. */
  seen(): void;
  /** The function has returned. When all could be computed from notes, the tape has ended, and the leaves have their gradients. */
  finish(root: Entry | undefined, leaves: readonly Entry[]): Repeated | undefined;
  /** What came out, when it was recorded; the loss, if it is wanted. */
  learn(root: Entry | undefined, leaves: readonly Entry[], loss: unknown): void;
  /** Something threw. */
  drop(): void;
}

/** A computation that was done from notes, with its loss, if that is wanted. */
export interface Repeated {
  readonly loss: unknown;
}

/** What a gradient function remembers from call to call. */
export interface Repetition {
  /** Begins a call: it is noted, compared with notes, or neither. */
  begin(tape: Tape, leaves: readonly Entry[]): Repeat | undefined;
}

let make: (() => Repetition) | undefined;
let current: Repeat | undefined;

/** Says how repetitions are made. */
export function setRepetition(maker: (() => Repetition) | undefined): void {
  make = maker;
}

/** The repetition of a new gradient function; undefined while nothing repeats. */
export function newRepetition(): Repetition | undefined {
  return make?.();
}

/** The computation that is being noted or followed, if there is one. */
export function setCurrent(repeat: Repeat | undefined): void {
  current = repeat;
}

/**
 * Tells a gradient computation that repeats itself of something that is not part of its notes: an array is about to be written in place,
 * or another computation begins. Array libraries call it.
 */
export function interruptRepeat(): void {
  current?.seen();
}
