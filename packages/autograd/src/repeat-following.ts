/** Comparing a gradient computation with notes, and running noted kernels in its place. See `repeat.ts`. */
import { boxEntry } from './keys.js';
import { keep, type Value } from './leaf.js';
import { release } from './ownership.js';
import { type Recordable, type Repeat, type Repeated, setCurrent } from './repeat-hooks.js';
import { type Argument, Fixed, type Notes, samePlain } from './repeat-notes.js';
import { boxValue, Entry, isBox, type Tape } from './tape.js';

/** Is told whether calls do what the notes say. */
export interface Score {
  followed(): void;
  missed(): void;
}

/** A computation that is compared with notes. */
export class Following implements Repeat {
  readonly #made: unknown[][] = [];

  constructor(
    readonly tape: Tape,
    private readonly notes: Notes,
    private readonly calls: Score,
  ) {}

  /** Takes the leaves; false when they differ. */
  begin(leaves: readonly Entry[]): boolean {
    const places = this.notes.kernels.leaves;
    if (places.length !== leaves.length) return false;
    for (let i = 0; i < places.length; i++) if (!places[i]!.bind(leaves[i]!.content)) return false;
    return true;
  }

  /** The box of what the next call gives; undefined when it is another call than the one in the notes. */
  next(f: Recordable, args: unknown[]): Value | undefined {
    const at = this.#made.length;
    const step = this.notes.steps[at];
    if (step === undefined || step.f !== f || !this.#fits(step.args, args)) {
      this.seen();
      return undefined;
    }
    const { tape } = this;
    const entry = new Entry(tape, step.look);
    entry.index = at;
    entry.constant = step.constant;
    tape.entries.push(entry);
    this.#made.push(args);
    return boxValue(step.look, entry);
  }

  /** Somebody wants to know a value: what was called so far is recorded as ever. */
  seen(): void {
    const { tape } = this;
    const entries = tape.entries.slice();
    this.drop();
    this.calls.missed();
    for (let i = 0; i < entries.length; i++) this.notes.steps[i]!.f.fill(this.#made[i]!, tape, entries[i]!);
  }

  before(): undefined {
    return undefined;
  }

  after(): void {}

  finish(root: Entry | undefined, leaves: readonly Entry[]): Repeated | undefined {
    const { tape, notes } = this;
    if (tape.repeat !== this) return undefined;
    if (root?.index !== notes.root || this.#made.length !== notes.steps.length) {
      this.seen();
      return undefined;
    }
    // It holds nothing: what it recorded has no elements.
    tape.entries.length = 0;
    tape.endForward();
    this.#leave();
    this.calls.followed();
    try {
      const results = notes.kernels.run();
      for (let i = 0; i < leaves.length; i++) leaves[i]!.gradient = results[i];
      const loss = results[leaves.length];
      keep(loss);
      release(loss);
      return { loss };
    } finally {
      notes.kernels.release();
    }
  }

  learn(): void {}

  drop(): void {
    if (this.tape.repeat !== this) return;
    this.#leave();
    this.notes.kernels.release();
    this.tape.entries.length = 0;
  }

  #leave(): void {
    setCurrent(undefined);
    this.tape.repeat = undefined;
  }

  #fits(noted: readonly Argument[], args: readonly unknown[]): boolean {
    if (noted.length !== args.length) return false;
    for (let i = 0; i < noted.length; i++) {
      const argument = noted[i]!;
      const x = args[i];
      if (typeof argument === 'number') {
        if (!isBox(x) || x[boxEntry].tape !== this.tape || x[boxEntry].index !== argument) return false;
      } else if (argument instanceof Fixed) {
        if (!Object.is(argument.value, x) && !samePlain(argument.value, x)) return false;
      } else if (!argument.bind(x)) return false;
    }
    return true;
  }
}
