/** Waiting for the GPU without keeping a processor busy. */

/** Waits that a nap is estimated from. */
const remembered = 4;
/** Milliseconds of a wait from which on naps are worthwhile. */
const shortest = 4;
/** Part of a wait that is slept through. */
const part = 0.75;

/**
 * Waits for the GPU that begin with a nap. The library that gives Node WebGPU asks the GPU without a pause for as long as anybody waits:
 * that takes a whole core, which a GPU in software computes with, and a piece of memory each time. So nobody waits at first, for a part
 * of the time that the last few waits took. A nap that was too long makes the next one shorter.
 */
export class Naps {
  readonly #waits: number[] = [];

  constructor(
    private readonly sleep: (milliseconds: number) => Promise<unknown> = milliseconds =>
      new Promise(resolve => {
        setTimeout(resolve, milliseconds);
      }),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What `wait` resolves to; it is called after the nap. Rejects as it does. */
  async before<T>(wait: () => Promise<T>): Promise<T> {
    const begin = this.now();
    const usual = this.#waits.length < remembered ? 0 : Math.min(...this.#waits);
    if (usual >= shortest) await this.sleep(usual * part);
    const result = await wait();
    this.#waits.push(this.now() - begin);
    if (this.#waits.length > remembered) this.#waits.shift();
    return result;
  }
}
