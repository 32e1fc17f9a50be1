/** Noting a gradient computation while it is recorded as ever. See `repeat.ts`. */
import { boxEntry } from './keys.js';
import { isValue, type Leaf, type Value } from './leaf.js';
import { type Recordable, type Repeat, setCurrent } from './repeat-hooks.js';
import { type Argument, copied, Fixed, isObject, isPlain, type KernelNotes, type Notes, type Step } from './repeat-notes.js';
import { type Entry, isBox, type Tape, unnoted } from './tape.js';

/** A computation that is noted while it is recorded as ever. */
export class Noting implements Repeat {
  readonly #steps: Step[] = [];
  #ok = true;

  constructor(
    readonly tape: Tape,
    private readonly kernels: KernelNotes,
    /** What stands for the numbers among the leaves. */
    private readonly standIns: ReadonlyMap<Entry, Leaf>,
    /** Takes the notes. */
    private readonly learned: (notes: Notes) => void,
  ) {}

  next(): undefined {
    return undefined;
  }

  seen(): void {
    this.#ok = false;
  }

  before(f: Recordable, args: readonly unknown[], inner: unknown[], parents: readonly (Entry | undefined)[]): readonly Argument[] {
    this.#standIn(f, inner, parents);
    const noted: Argument[] = [];
    if (!f.stateless) this.#ok = false;
    for (const x of args) {
      const argument = this.#ok ? this.#argument(x) : undefined;
      if (argument === undefined) this.#ok = false;
      else noted.push(argument);
    }
    return noted;
  }

  after(f: Recordable, args: readonly Argument[], y: Value, entry: Entry): void {
    if (typeof y === 'number') this.#ok = false;
    if (!this.#ok || typeof y === 'number') return;
    entry.index = this.#steps.length;
    this.#steps.push({ f, args, look: this.kernels.look(y), constant: entry.constant });
  }

  finish(): undefined {
    this.kernels.returned();
    return undefined;
  }

  learn(root: Entry | undefined, leaves: readonly Entry[], loss: unknown): void {
    this.#leave();
    const results = leaves.map(leaf => leaf.gradient);
    if (isValue(loss)) results.push(loss);
    const kernels = this.#ok && root !== undefined && root.index >= 0 && root.index !== unnoted ? this.kernels.end(results) : undefined;
    if (kernels === undefined || root === undefined) this.kernels.drop();
    else this.learned({ steps: this.#steps, root: root.index, kernels });
  }

  drop(): void {
    this.#leave();
    this.kernels.drop();
  }

  #leave(): void {
    setCurrent(undefined);
    this.tape.repeat = undefined;
  }

  /** Numbers that are differentiated beside arrays are read from memory where that makes no difference; elsewhere they end the notes. */
  #standIn(f: Recordable, inner: unknown[], parents: readonly (Entry | undefined)[]): void {
    const exact =
      f.stateless && f.definition.elementwise === true && inner.length === 2 && exactFunctions.includes(f.name) && inner.some(isObject);
    for (let i = 0; i < inner.length; i++) {
      const parent = parents[i];
      if (typeof inner[i] !== 'number' || parent === undefined) continue;
      const standIn = this.standIns.get(parent);
      if (exact && standIn !== undefined) inner[i] = standIn;
      else this.#ok = false;
    }
  }

  #argument(x: unknown): Argument | undefined {
    if (isBox(x)) return x[boxEntry].tape === this.tape && x[boxEntry].index !== unnoted ? x[boxEntry].index : undefined;
    if (typeof x === 'object' && x !== null) {
      if (isValue(x)) return this.kernels.operand(x as Leaf);
      return isPlain(x) ? new Fixed(copied(x)) : undefined;
    }
    return typeof x === 'function' ? undefined : new Fixed(x);
  }
}

/** Functions that give the same bits for a number and for an array of that one number. */
const exactFunctions: readonly string[] = ['add', 'sub', 'mul', 'div'];
