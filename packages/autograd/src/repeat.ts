/**
 * Gradient computations that repeat themselves. Most calls of a gradient function do what the call before did, on other elements. After
 * some calls one is noted: which functions it called on what, and, by the array library, which kernels that took. The next
 * calls only compare what they do with the notes - nothing is computed - and when the function has returned, the kernels run again. A
 * call that differs anywhere, or looks at a value, is made up for: what it did so far is recorded as ever, and it goes on from there.
 */

import type { Leaf } from './leaf.js';
import { Following } from './repeat-following.js';
import { interruptRepeat, type Repeat, type Repetition, setCurrent, setRepetition } from './repeat-hooks.js';
import type { Notes, Repeater } from './repeat-notes.js';
import { Noting } from './repeat-noting.js';
import type { Entry, Tape } from './tape.js';

export type { KernelNotes, KernelPlan, Operand, Repeater } from './repeat-notes.js';

let repeater: Repeater | undefined;

/** Lets gradient functions repeat what they did; `undefined` makes every call record anew. Array libraries call it. */
export function setRepeater(r: Repeater | undefined): void {
  repeater = r;
  setRepetition(r && (() => new Calls()));
}

/** Calls that are recorded before one is noted, failures after which nobody tries again, and how many calls may differ for one that does not. */
const firstCalls = 2;
const mostAttempts = 4;
const mostMisses = 8;

/** The calls of a gradient function. */
class Calls implements Repetition {
  #notes: Notes | undefined;
  #calls = 0;
  #attempts = 0;
  #follows = 0;
  #misses = 0;

  begin(tape: Tape, leaves: readonly Entry[]): Repeat | undefined {
    if (repeater === undefined || tape.level > 1) {
      interruptRepeat();
      return undefined;
    }
    const repeat = this.#notes === undefined ? this.#note(tape, leaves) : new Following(tape, this.#notes, this);
    if (repeat === undefined) return undefined;
    tape.repeat = repeat;
    setCurrent(repeat);
    if (repeat instanceof Noting || repeat.begin(leaves)) return repeat;
    repeat.seen();
    return undefined;
  }

  #note(tape: Tape, leaves: readonly Entry[]): Noting | undefined {
    if (repeater === undefined || this.#attempts >= mostAttempts || ++this.#calls <= firstCalls) return undefined;
    this.#attempts++;
    this.#calls = 0;
    const kernels = repeater.note(leaves.map(leaf => leaf.content));
    if (kernels === undefined) return undefined;
    const standIns = new Map<Entry, Leaf>();
    leaves.forEach((leaf, i) => {
      if (typeof leaf.content === 'number') standIns.set(leaf, kernels.leaf(i));
    });
    return new Noting(tape, kernels, standIns, notes => this.#learn(notes));
  }

  #learn(notes: Notes): void {
    this.#notes = notes;
    this.#misses = 0;
    this.#follows = 0;
  }

  followed(): void {
    this.#follows++;
  }

  /** A call differed from the notes. When most do, they are given up. */
  missed(): void {
    if (++this.#misses > mostMisses && this.#misses * 4 > this.#follows) this.#notes = undefined;
  }
}
