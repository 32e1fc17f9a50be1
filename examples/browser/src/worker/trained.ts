/** What training changes: weights, their optimizers, the number of steps. */
import { Adam, assign, forEachLeaf, formatPath, KnetArray, type Loss, minimize, saveBytes } from '@knet/knet';
import type { ModelName } from '../protocol.js';
import type { WeightsFile } from './file.js';
import { alike, pairUp } from './fit.js';

/** The weights of a model on their way to a small loss. */
export class Trained<W, const Batch extends readonly unknown[]> {
  step = 0;
  #losses: Iterator<KnetArray> | undefined;
  readonly #adams = new Map<string, Adam>();

  constructor(
    readonly model: ModelName,
    readonly w: W,
    readonly loss: Loss<W, Batch, KnetArray>,
    readonly lr: number,
  ) {
    forEachLeaf(w, (_, path) => {
      this.#adams.set(formatPath(path), new Adam({ lr }));
    });
  }

  /** From now on, steps learn from these batches, of which there is no end. */
  learnFrom(batches: Iterable<Batch>): void {
    this.#losses = minimize(this.loss, this.w, batches, (_, path) => this.#adam(formatPath(path)));
  }

  /** Takes a step, and returns the loss before it. Nothing is read: the device may still be at work. */
  advance(): KnetArray {
    const result = this.#losses?.next();
    if (result === undefined || result.done) throw new Error('There are no batches to learn from.');
    this.step++;
    return result.value;
  }

  /** The bytes of a file, with the elements of this moment. */
  save(vocabulary: ReadonlyMap<string, number> = new Map()): Promise<Uint8Array> {
    return saveBytes({ model: this.model, step: this.step, w: this.w, adams: this.#adams, vocabulary });
  }

  /** Takes over the weights of a file. @throws Error, with nothing changed, when they do not fit */
  load({ w, adams, step }: WeightsFile): void {
    const pairs = pairUp(this.w, w);
    forEachLeaf(this.w, (leaf, path) => {
      const slots = Object.values(adams.get(formatPath(path))?.slots ?? {});
      for (const slot of slots)
        if (!(slot instanceof KnetArray && leaf instanceof KnetArray && alike(slot, leaf)))
          throw new Error(`The file does not fit the model: the optimizer at w${formatPath(path)} belongs to another array.`);
    });
    assign(pairs);
    for (const [path, adam] of adams) {
      this.#adam(path).restore(adam.state());
      this.#adam(path).lr = this.lr;
    }
    this.step = step;
  }

  #adam(path: string): Adam {
    const adam = this.#adams.get(path);
    if (adam === undefined) throw new Error(`The model has no array at w${path}.`);
    return adam;
  }
}
