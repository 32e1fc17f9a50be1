/** Has a text written by the language model. */
import { isOn, switchTo } from './buttons.js';
import { element } from './elements.js';

/** How a text is to be written. */
export interface Wish {
  readonly start: string;
  readonly temperature: number;
  readonly length: number;
}

export class Writer {
  readonly #button = element('write', HTMLButtonElement);
  readonly #written = element('written', HTMLElement);
  #usable = false;
  #busy = false;

  /** @param ask - sends a wish to the model; what it writes goes to {@link Writer.show} */
  constructor(ask: (wish: Wish) => void) {
    const start = element('seed-text', HTMLInputElement);
    const temperature = element('temperature', HTMLInputElement);
    const length = element('characters', HTMLInputElement);
    element('writing', HTMLFormElement).addEventListener('submit', event => {
      event.preventDefault();
      if (!isOn(this.#button)) return;
      this.#become(true);
      ask({ start: start.value, temperature: temperature.valueAsNumber, length: length.valueAsNumber });
    });
    this.#become(false);
  }

  /** Whether there is a model that writes. */
  set usable(usable: boolean) {
    this.#usable = usable;
    this.#become(usable && this.#busy);
  }

  /** Shows what is written so far. */
  show(text: string, done: boolean): void {
    this.#written.textContent = text;
    if (done) this.#become(false);
  }

  /** The text does not come. */
  giveUp(): void {
    this.#become(false);
  }

  #become(busy: boolean): void {
    this.#busy = busy;
    // Screen readers wait for the whole text.
    this.#written.setAttribute('aria-busy', String(busy));
    switchTo(this.#usable && !busy, this.#button);
  }
}
