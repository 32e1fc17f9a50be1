/** The character language model, with the poem that it learns. */
import { charlmBatches } from '@knet/datasets';
import { accuracy, type KnetArray, nll } from '@knet/knet';
import { initialState, initialWeights, loss, predict, type State, type Weights, type Writing, write } from '../../../charlm/model.js';
import type { Score } from '../protocol.js';
import type { Settings } from '../settings.js';
import { readText } from './data.js';
import type { WeightsFile } from './file.js';
import type { Learner } from './learner.js';
import { Trained } from './trained.js';

/** Characters of so many parts of a text at each step: see `charlmBatches`. */
type Steps = readonly Int32Array[];

export class TextLearner implements Learner {
  readonly itemsPerStep: number;
  readonly #trained: Trained<Weights, [State, Steps]>;
  #measured: { training: Steps; test: Steps } | undefined;

  constructor(
    /** Number of each character. */
    readonly vocabulary: ReadonlyMap<string, number>,
    readonly settings: Settings,
    /** Address of the folder with the data sets. */
    readonly site: string,
  ) {
    const { batch, length, embed, hidden, lr } = settings;
    this.itemsPerStep = batch * length;
    this.#trained = new Trained('charlm', initialWeights(vocabulary.size, embed, hidden, 1), loss, lr);
  }

  get step(): number {
    return this.#trained.step;
  }

  async prepare(): Promise<void> {
    if (this.#measured !== undefined) return;
    const { samples, batch, length } = this.settings;
    const text = (await readText(this.site)).slice(0, samples);
    // What it never learns from is a tenth in the middle: the file begins and ends with words about itself.
    const [from, to] = [Math.floor(0.45 * text.length), Math.floor(0.55 * text.length)];
    const cut = (part: string) => charlmBatches(part, { batchsize: batch, vocabulary: this.vocabulary }).steps;
    const [training, test] = [cut(text.slice(0, from) + text.slice(to)), cut(text.slice(from, to))];
    if (Math.min(training.length, test.length) <= length)
      throw new Error(
        `The text has ${text.length} characters, too few for ${batch} parts with stretches of ${length} and a tenth to measure on: choose a smaller batch or length.`,
      );
    this.#trained.learnFrom(this.#stretches(training));
    this.#measured = { training: training.slice(0, length + 1), test: test.slice(0, length + 1) };
  }

  advance(): KnetArray {
    return this.#trained.advance();
  }

  async measure(): Promise<{ training: Score; test: Score }> {
    if (this.#measured === undefined) throw new Error('The text is not there yet.');
    const { training, test } = this.#measured;
    return { training: await this.#score(training), test: await this.#score(test) };
  }

  save(): Promise<Uint8Array> {
    return this.#trained.save(this.vocabulary);
  }

  load(file: WeightsFile): void {
    this.#trained.load(file);
  }

  write(writing: Writing): AsyncGenerator<string, void, void> {
    return write(this.#trained.w, this.vocabulary, writing);
  }

  /** Reads the text again and again, with a memory that lasts from its beginning to its end. */
  *#stretches(steps: Steps): Generator<[State, Steps], never, void> {
    const { batch, length } = this.settings;
    for (;;) {
      const memory = initialState(this.#trained.w, batch);
      // The last character of a stretch is the first of the next: what is predicted last there is read first here.
      for (let at = 0; at + length < steps.length; at += length) yield [memory, steps.slice(at, at + length + 1)];
    }
  }

  async #score(steps: Steps): Promise<Score> {
    const scores = predict(this.#trained.w, initialState(this.#trained.w, this.settings.batch), steps.slice(0, -1));
    const next = Int32Array.from(steps.slice(1).flatMap(step => [...step]));
    const [mean, share] = await Promise.all([nll(scores, next, { dims: 1 }).item(), accuracy(scores, next, { dims: 1 }).item()]);
    return { loss: mean, accuracy: share };
  }
}
