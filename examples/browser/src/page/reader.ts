/** Has the drawing read by the model, again whenever one of them changes. */
import { Answer } from './answer.js';
import { onPress } from './buttons.js';
import { element } from './elements.js';
import { Pad } from './pad.js';

/** Milliseconds after which a changed drawing is read. */
const patience = 100;

export class Reader {
  readonly #answer = new Answer(element('answer', HTMLElement), element('bars', HTMLElement));
  readonly #pad: Pad;
  #usable = false;
  /** A drawing has been sent, and its answer has not come. */
  #asked = false;
  /** Something has changed since. */
  #stale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ask - sends an image to the model; the answer goes to {@link Reader.show} */
  constructor(readonly ask: (pixels: Float32Array) => void) {
    const [canvas, pen] = [element('pad', HTMLCanvasElement), element('pen', HTMLElement)];
    this.#pad = new Pad(canvas, pen, element('pad-status', HTMLElement), () => this.#later());
    onPress(element('clear', HTMLButtonElement), () => this.#pad.clear());
    this.read();
  }

  /** Whether there is a model that reads digits. */
  set usable(usable: boolean) {
    if (usable === this.#usable) return;
    this.#usable = usable;
    this.#asked = false;
    this.read();
  }

  /** Asks the model, which may have changed. */
  read(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#asked) {
      this.#stale = true;
      return;
    }
    const image = this.#pad.image();
    this.#answer.busy = image !== undefined && this.#usable;
    if (image === undefined) this.#answer.clear('Draw a digit, and the model says what it reads.');
    else if (!this.#usable) this.#answer.clear('There is no model to ask: start a training, or load weights.');
    else {
      this.#asked = true;
      this.#stale = false;
      this.ask(image);
    }
  }

  /** Shows what the model reads. */
  show(probabilities: readonly number[]): void {
    this.#asked = false;
    if (this.#stale) {
      this.#stale = false;
      // Not before this answer has been seen, or fast models would never show one.
      this.#later();
    }
    if (!this.#usable || this.#pad.image() === undefined) return;
    this.#answer.show(probabilities);
    this.#answer.busy = this.#timer !== undefined;
  }

  /** The answer does not come. */
  giveUp(): void {
    this.#asked = false;
    this.#answer.busy = false;
  }

  #later(): void {
    this.#answer.busy = true;
    this.#timer ??= setTimeout(() => this.read(), patience);
  }
}
