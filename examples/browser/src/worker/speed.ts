/** Steps per second of late. */

/** Milliseconds that are looked back on. */
const span = 2000;

/** Remembers how long the last steps took. */
export class Speed {
  #times: number[] = [];
  #sum = 0;

  /** A step took so many milliseconds. */
  add(milliseconds: number): void {
    this.#times.push(milliseconds);
    this.#sum += milliseconds;
    while (this.#times.length > 1 && this.#sum - this.#times[0]! >= span) this.#sum -= this.#times.shift()!;
  }

  get stepsPerSecond(): number {
    return this.#sum > 0 ? (1000 * this.#times.length) / this.#sum : 0;
  }
}
