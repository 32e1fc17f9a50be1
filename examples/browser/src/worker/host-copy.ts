/** Weights kept in host memory, where they outlive the device. */
import type { Learner } from './learner.js';

/** Milliseconds of training that may be lost, and somewhat more. */
const keepEvery = 2000;

/** The last weights that were copied, with their optimizers and the number of steps, as the bytes of a file. */
export class HostCopy {
  #bytes: Uint8Array | undefined;
  #step = -1;
  #time = Number.NEGATIVE_INFINITY;

  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** Steps that they had been trained for. */
  get step(): number {
    return this.#step;
  }

  /** Copies the weights of a learner, unless this was done for the step. */
  async take(learner: Learner): Promise<void> {
    const { step } = learner;
    if (this.#step === step) return;
    this.#bytes = await learner.save();
    this.#step = step;
    this.#time = performance.now();
  }

  /** Copies them when the last copy is old. */
  async refresh(learner: Learner): Promise<void> {
    if (performance.now() - this.#time > keepEvery) await this.take(learner);
  }
}
