/** Maps whose keys are lists of numbers. */

/** Entries that are kept; sequences of ever new lengths would gather more. */
const mostEntries = 4096;

interface Entry<T> {
  readonly key: readonly number[];
  readonly value: T;
}

/**
 * A map from lists of integers below 2^31. What a kernel knows of a call is numbers - lengths, strides, storages - and joining them to a
 * text takes longer than all else that a call costs. A list of numbers is put together with {@link NumbersMap.begin} and
 * {@link NumbersMap.put}, and looked up with {@link NumbersMap.find}.
 *
 * @example
 * const plan = plans.begin().put(m).put(n).find() ?? plans.keep(planFor(m, n));
 */
export class NumbersMap<T> {
  readonly #entries = new Map<number, Entry<T>[]>();
  #size = 0;
  #key = new Int32Array(64);
  #length = 0;
  #hash = 0;

  /** Begins a list. */
  begin(): this {
    this.#length = 0;
    this.#hash = 0;
    return this;
  }

  /** The next number of the list. */
  put(x: number): this {
    if (this.#length === this.#key.length) {
      const longer = new Int32Array(2 * this.#length);
      longer.set(this.#key);
      this.#key = longer;
    }
    this.#key[this.#length++] = x;
    this.#hash = (Math.imul(this.#hash, 31) + x) | 0;
    return this;
  }

  /** The next numbers of the list: how many, and each of them. */
  putAll(xs: readonly number[]): this {
    this.put(xs.length);
    for (let i = 0; i < xs.length; i++) this.put(xs[i]!);
    return this;
  }

  /** What was kept for the list, if anything. */
  find(): T | undefined {
    const entries = this.#entries.get(this.#hash);
    if (entries === undefined) return undefined;
    for (let i = 0; i < entries.length; i++) if (this.#is(entries[i]!.key)) return entries[i]!.value;
    return undefined;
  }

  /** Keeps a value for the list, which {@link NumbersMap.find} has not found; returns the value. */
  keep(value: T): T {
    // What is still needed is soon back.
    if (this.#size >= mostEntries) {
      this.#entries.clear();
      this.#size = 0;
    }
    const entry = { key: Array.from(this.#key.subarray(0, this.#length)), value };
    const entries = this.#entries.get(this.#hash);
    if (entries === undefined) this.#entries.set(this.#hash, [entry]);
    else entries.push(entry);
    this.#size++;
    return value;
  }

  #is(key: readonly number[]): boolean {
    if (key.length !== this.#length) return false;
    for (let i = 0; i < key.length; i++) if (key[i] !== this.#key[i]) return false;
    return true;
  }
}
