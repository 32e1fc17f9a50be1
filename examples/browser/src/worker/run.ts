/** One training: steps, the reading of their losses, and now and then a score. */
import { memory } from '@knet/knet';
import type { Report, StepLoss } from '../protocol.js';
import type { Learner } from './learner.js';
import { Speed } from './speed.js';

/** Milliseconds between two reports of steps. */
const reportEvery = 100;

/** A loss on its way from the device. */
interface Unread {
  readonly step: number;
  readonly loss: Promise<number>;
}

/** Takes the steps of a learner and reports about them. */
export class Run {
  readonly #speed = new Speed();
  #unread: Unread | undefined;
  #losses: StepLoss[] = [];
  #reported = 0;
  #measured = false;

  constructor(
    readonly learner: Learner,
    /** Steps between two scores. */
    readonly every: number,
    readonly post: (report: Report) => void,
  ) {}

  /**
   * Takes a step, after a score of the weights as they were before the first one. The loss is read while the next step is at work, so
   * that the device need not wait for the host.
   */
  async advance(): Promise<void> {
    if (!this.#measured) await this.#measure();
    const start = performance.now();
    const loss = this.learner.advance().item();
    // Awaited in the next step; should that one never come, a failure here is none that nobody handles.
    loss.catch(() => undefined);
    const previous = this.#unread;
    this.#unread = { step: this.learner.step, loss };
    if (previous !== undefined) await this.#read(previous);
    this.#speed.add(performance.now() - start);
    if (this.learner.step % this.every === 0) await this.#measure();
    else if (performance.now() - this.#reported > reportEvery) this.#report();
  }

  /** Waits for the last loss, and reports it. */
  async settle(): Promise<void> {
    if (this.#unread !== undefined) await this.#read(this.#unread);
    this.#unread = undefined;
    this.#report();
  }

  async #measure(): Promise<void> {
    await this.settle();
    const { step } = this.learner;
    this.post({ type: 'scores', step, ...(await this.learner.measure()) });
    this.#measured = true;
  }

  async #read({ step, loss }: Unread): Promise<void> {
    this.#losses.push({ step, loss: await loss });
  }

  #report(): void {
    const { stepsPerSecond } = this.#speed;
    this.post({ type: 'steps', losses: this.#losses, stepsPerSecond, itemsPerSecond: stepsPerSecond * this.learner.itemsPerStep });
    const { live, pooled, peak } = memory();
    this.post({ type: 'memory', live, pooled, peak });
    this.#losses = [];
    this.#reported = performance.now();
  }
}
