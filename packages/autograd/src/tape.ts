/** The tape: what one running `grad` call recorded, and the walk back over it. */
import { boxEntry } from './keys.js';
import { leafTypeOf, type Value } from './leaf.js';
import { closeScope, disown, openScope, release, retain } from './ownership.js';
import type { Repeat } from './repeat-hooks.js';

/** A value that is being differentiated: it passes for the value it boxes, and every generic function records it. */
export interface Box {
  readonly [boxEntry]: Entry;
}

/** Maps the gradient of a result to the gradient of one argument; undefined stands for zero. */
export type Pullback = (dy: never) => unknown;

/** Adds two gradients; given by the arithmetic functions so that the tape needs to know none of them. */
export type Accumulate = (a: Value, b: Value) => Value;

/** The place of an entry that no notes tell of: a small whole number as all places are, which V8 keeps without an object of its own. */
export const unnoted = 2 ** 30 - 1;

/** One recorded value. */
export class Entry {
  /** What has arrived in the backward pass so far. */
  gradient: Value | undefined = undefined;
  /** Values that the rules of this entry captured; undefined when there are none. */
  captured: unknown[] | undefined = undefined;
  /** True for the entry of a `Param`: it stands for a new leaf on each tape that uses it. */
  readonly param: boolean = false;
  /** True when no gradient flows further back from here: nothing needs to be computed or kept for it. */
  constant = false;
  /** Where it stands in the notes of a computation that repeats itself, leaves below 0, or {@link unnoted}; see `repeat.ts`. */
  index = unnoted;
  parents: readonly (Entry | undefined)[] | undefined = undefined;
  pullbacks: readonly (Pullback | undefined)[] | undefined = undefined;

  constructor(
    readonly tape: Tape,
    /** The value, for the tape itself: in a computation that follows notes it has no elements yet. */
    public content: Value,
  ) {}

  /** The recorded value. Whoever asks wants its elements, which a computation that follows notes then has to make. */
  get value(): Value {
    this.tape.repeat?.seen();
    return this.content;
  }
}

let running = 0;

/** Whether a differentiated function is running: functions like dropout act only then. */
export function isRecording(): boolean {
  return running > 0;
}

/** The recording of one `grad` call. Its level grows with nesting; a function call records on the highest level among its arguments. */
export class Tape {
  readonly level: number;
  readonly entries: Entry[] = [];
  /** True once the differentiated function has returned: its boxes are of no use any more. */
  ended = false;
  /** Set while what it records is noted, or compared with notes. */
  repeat: Repeat | undefined = undefined;
  #counted = true;
  #kept: Value[] | undefined = undefined;

  constructor() {
    this.level = ++running;
  }

  /** Boxes a leaf of the differentiated argument. */
  leaf(value: Value): { entry: Entry; box: Value } {
    const entry = new Entry(this, value);
    return { entry, box: boxValue(value, entry) };
  }

  /** A value that `value()` handed to the user. */
  keep(x: Value): void {
    this.#kept ??= [];
    this.#kept.push(x);
  }

  /** Ends the recording: values that no rule captured are freed. */
  endForward(): void {
    this.ended = true;
    this.#leave();
    // What is still pending is computed while the values that it needs are there.
    if (this.#kept !== undefined) for (const x of this.#kept) leafTypeOf(x)?.settle(x);
    this.#kept = undefined;
    for (const entry of this.entries) release(entry.content);
  }

  /** Forgets everything after the differentiated function threw. */
  abandon(): void {
    this.repeat?.drop();
    this.endForward();
    for (const entry of this.entries) letGo(entry);
    this.entries.length = 0;
  }

  /**
   * Walks the tape back from `root` with the gradient `seed`; the gradients of `leaves`, which are not on the tape, stay in their
   * entries. If a rule throws, nothing is left behind: they are given up too.
   */
  backward(leaves: Iterable<Entry>, root: Entry, seed: Value, add: Accumulate): void {
    retain(seed);
    root.gradient = seed;
    const { entries } = this;
    try {
      for (let i = entries.length - 1; i >= 0; i--) {
        const entry = entries[i]!;
        if (entry.gradient !== undefined) pullBack(entry, entry.gradient, add);
        letGo(entry);
      }
    } catch (error) {
      this.repeat?.drop();
      for (const entry of entries) letGo(entry);
      for (const leaf of leaves) letGo(leaf);
      throw error;
    } finally {
      entries.length = 0;
    }
  }

  #leave(): void {
    if (this.#counted) running--;
    this.#counted = false;
  }
}

function pullBack(entry: Entry, dy: Value, add: Accumulate): void {
  const { parents, pullbacks } = entry;
  if (parents === undefined || pullbacks === undefined) return;
  const mark = openScope();
  try {
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i];
      const pullback = pullbacks[i];
      if (parent === undefined || pullback === undefined) continue;
      // Rules are typed per function; on the tape they are all alike, and dy is what their function returned a value like.
      const g = (pullback as (dy: Value) => Value | undefined)(dy);
      if (g === undefined) continue;
      const before = parent.gradient;
      const sum = before === undefined ? g : add(before, g);
      retain(sum);
      parent.gradient = sum;
      if (before !== undefined) release(before);
    }
    entry.gradient = undefined;
    release(dy);
  } finally {
    closeScope(mark);
  }
}

function letGo(entry: Entry): void {
  if (entry.captured !== undefined) {
    for (const x of entry.captured) release(x);
    entry.captured = undefined;
  }
  if (entry.gradient !== undefined) {
    release(entry.gradient);
    entry.gradient = undefined;
  }
}

/** Whether a value is a box. */
export function isBox(x: unknown): x is Box {
  return typeof x === 'object' && x !== null && (x as Partial<Box>)[boxEntry] !== undefined;
}

/** Boxes a value with its tape entry. */
export function boxValue(value: Value, entry: Entry): Value {
  const type = leafTypeOf(value);
  if (type === undefined) throw new TypeError('boxValue: only numbers and arrays can be boxed');
  return type.box(value, entry);
}

/**
 * The value behind a box, at the lowest level; anything else is returned as it is. What it returns is the user's: it stays
 * valid after the gradient computation.
 *
 * @example
 * grad((x: number) => { console.log(value(x)); return mul(x, x); })(3); // prints 3
 */
export function value<T>(x: T): T {
  let v: unknown = x;
  let tape: Tape | undefined;
  while (isBox(v)) {
    tape = v[boxEntry].tape;
    v = v[boxEntry].value;
  }
  if (tape === undefined) return x;
  if (disown(v) && !tape.ended) tape.keep(v as Value);
  return v as T;
}

/** Knet's older name of {@link value}. */
export const getval: typeof value = value;
