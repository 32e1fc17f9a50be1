/** Models that tell handwritten digits apart, with MNIST. */
import { type HostImages, minibatch } from '@knet/datasets';
import { accuracy, array, type KnetArray, nll, softmax, span } from '@knet/knet';
import type { ModelName, Score } from '../protocol.js';
import type { Settings } from '../settings.js';
import { readDigits } from './data.js';
import type { WeightsFile } from './file.js';
import type { Learner } from './learner.js';
import { Trained } from './trained.js';

/** Images whose scores are computed at once: those of a network for a thousand would take much memory. */
const measuredAtOnce = 200;

/** What the functions of `examples/mnist/model.ts` and `examples/lenet/model.ts` have in common. */
export interface DigitModel<W> {
  readonly initial: W;
  /** Scores `[10, n]` of images `[28, 28, 1, n]`. */
  predict(w: W, images: KnetArray): KnetArray;
  loss(w: W, images: KnetArray, labels: Int32Array): KnetArray;
}

/** Images on the device, and their digits. */
interface Labelled {
  readonly images: KnetArray;
  readonly labels: Int32Array;
}

export class DigitLearner<W> implements Learner {
  readonly itemsPerStep: number;
  readonly #trained: Trained<W, [KnetArray, Int32Array]>;
  #measured: { training: Labelled; test: Labelled } | undefined;

  constructor(
    name: ModelName,
    readonly model: DigitModel<W>,
    readonly settings: Settings,
    /** Address of the folder with the data sets. */
    readonly site: string,
  ) {
    this.itemsPerStep = settings.batch;
    this.#trained = new Trained(name, model.initial, model.loss, settings.lr);
  }

  get step(): number {
    return this.#trained.step;
  }

  async prepare(): Promise<void> {
    if (this.#measured !== undefined) return;
    const { xtrn, ytrn, xtst, ytst } = await readDigits(this.site);
    const { samples, test, batch } = this.settings;
    // The images stay in host memory, and each batch is put on the device when its step comes.
    const batches = minibatch(first(xtrn, samples), ytrn.subarray(0, samples), batch, { shuffle: true });
    this.#trained.learnFrom(endless(batches));
    const few = Math.min(samples, test);
    this.#measured = {
      training: { images: onDevice(first(xtrn, few)), labels: ytrn.subarray(0, few) },
      test: { images: onDevice(first(xtst, test)), labels: ytst.subarray(0, test) },
    };
  }

  advance(): KnetArray {
    return this.#trained.advance();
  }

  async measure(): Promise<{ training: Score; test: Score }> {
    if (this.#measured === undefined) throw new Error('The images are not there yet.');
    const { training, test } = this.#measured;
    return { training: await this.#score(training), test: await this.#score(test) };
  }

  save(): Promise<Uint8Array> {
    return this.#trained.save();
  }

  load(file: WeightsFile): void {
    this.#trained.load(file);
  }

  async classify(pixels: Float32Array): Promise<number[]> {
    const scores = this.model.predict(this.#trained.w, array(pixels, { shape: [28, 28, 1, 1] }));
    return [...(await softmax(scores).data())];
  }

  async #score({ images, labels }: Labelled): Promise<Score> {
    let [loss, right] = [0, 0];
    for (let from = 0; from < labels.length; from += measuredAtOnce) {
      const to = Math.min(from + measuredAtOnce, labels.length);
      const scores = this.model.predict(this.#trained.w, images.slice(':', ':', ':', span(from, to)));
      const digits = labels.subarray(from, to);
      const sums = [nll(scores, digits, { average: false }).item(), accuracy(scores, digits, { average: false }).item()] as const;
      const [losses, hits] = await Promise.all(sums);
      loss += losses;
      right += hits;
    }
    return { loss: loss / labels.length, accuracy: right / labels.length };
  }
}

/** The first `count` images, or all there are. */
function first({ shape: [width, height, channels, images], data }: HostImages, count: number): HostImages {
  const n = Math.min(count, images);
  return { shape: [width, height, channels, n], data: data.subarray(0, width * height * channels * n) };
}

function onDevice({ shape, data }: HostImages): KnetArray {
  return array(data, { shape });
}

/** One pass after the other. */
function* endless<T>(pass: Iterable<T>): Generator<T, never, void> {
  for (;;) yield* pass;
}
