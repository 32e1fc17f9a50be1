/** Comparing a gradient computation with notes, and running noted kernels in its place. See `repeat.ts`. */
import { boxEntry } from './keys.js';
import { keep, type Value } from './leaf.js';
import { release } from './ownership.js';
import { type Recordable, type Repeat, type Repeated, setCurrent } from './repeat-hooks.js';
import { type Argument, Fixed, type Notes, samePlain } from './repeat-notes.js';
import { type Box, boxValue, Entry, type Tape } from './tape.js';

/** As in `primitive.ts`. */
function entryIn(x: unknown): Entry | undefined {
  return typeof x === 'object' && x !== null ? (x as Partial<Box>)[boxEntry] : undefined;
}

/** Is told whether calls do what the notes say. */
export interface Score {
  followed(): void;
  missed(): void;
}

/** A computation that is compared with notes. */
export class Following implements Repeat {
  /** The arguments of each call so far, and what stands for its result. */
  readonly #made: unknown[][];
  readonly #entries: Entry[];
  #count = 0;

  constructor(
    readonly tape: Tape,
    private readonly notes: Notes,
    private readonly calls: Score,
  ) {
    this.#made = new Array(notes.steps.length);
    this.#entries = new Array(notes.steps.length);
  }

  /** Takes the leaves; false when they differ. */
  begin(leaves: readonly Entry[]): boolean {
    const places = this.notes.kernels.leaves;
    if (places.length !== leaves.length) return false;
    for (let i = 0; i < places.length; i++) if (!places[i]!.bind(leaves[i]!.content)) return false;
    return true;
  }

  /** The box of what the next call gives; undefined when it is another call than the one in the notes. */
  next(f: Recordable, args: unknown[]): Value | undefined {
    const at = this.#count;
    const step = this.notes.steps[at];
    if (step === undefined || step.f !== f || !this.#fits(step.args, args)) {
      this.seen();
      return undefined;
    }
    const { tape } = this;
    const entry = new Entry(tape, step.look);
    entry.index = at;
    entry.constant = step.constant;
    this.#made[at] = args;
    this.#entries[at] = entry;
    this.#count++;
    return boxValue(step.look, entry);
  }

  /** Somebody wants to know a value: what was called so far is recorded as ever. */
  seen(): void {
    this.drop();
    this.calls.missed();
    for (let i = 0; i < this.#count; i++) this.notes.steps[i]!.f.fill(this.#made[i]!, this.tape, this.#entries[i]!);
  }

  before(): undefined {
    return undefined;
  }

  after(): void {}

  finish(root: Entry | undefined, leaves: readonly Entry[]): Repeated | undefined {
    const { tape, notes } = this;
    if (tape.repeat !== this) return undefined;
    if (root?.index !== notes.root || this.#count !== notes.steps.length) {
      this.seen();
      return undefined;
    }
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
        const entry = entryIn(x);
        if (entry === undefined || entry.tape !== this.tape || entry.index !== argument) return false;
      } else if (argument instanceof Fixed) {
        if (!Object.is(argument.value, x) && !samePlain(argument.value, x)) return false;
      } else if (!argument.bind(x)) return false;
    }
    return true;
  }
}
