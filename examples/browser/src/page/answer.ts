/** What the model reads: ten bars, and a sentence. */
import { say } from './elements.js';

/** A bar and the text beside it. */
interface Row {
  readonly item: HTMLElement;
  readonly bar: HTMLElement;
  readonly share: HTMLElement;
}

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 0 });

export class Answer {
  readonly #rows: readonly Row[];

  constructor(
    readonly sentence: HTMLElement,
    list: HTMLElement,
  ) {
    this.#rows = Array.from({ length: 10 }, (_, digit) => rowOf(list, digit));
    this.clear('');
  }

  /** Whether another answer is on its way: screen readers wait for it. */
  set busy(busy: boolean) {
    this.sentence.setAttribute('aria-busy', String(busy));
  }

  /** Shows the probabilities of the ten digits. */
  show(probabilities: readonly number[]): void {
    const likeliest = probabilities.indexOf(Math.max(...probabilities));
    this.#rows.forEach(({ item, bar, share }, digit) => {
      const probability = probabilities[digit] ?? 0;
      item.classList.toggle('likeliest', digit === likeliest);
      bar.style.width = `${100 * probability}%`;
      say(share, percent.format(probability));
    });
    say(this.sentence, `This is a ${likeliest}, says the model, and is ${percent.format(probabilities[likeliest] ?? 0)} sure.`);
  }

  /** Empties the bars, and says why. */
  clear(why: string): void {
    for (const { item, bar, share } of this.#rows) {
      item.classList.remove('likeliest');
      bar.style.width = '0';
      say(share, '–');
    }
    say(this.sentence, why);
  }
}

function rowOf(list: HTMLElement, digit: number): Row {
  const item = document.createElement('li');
  item.append(part('digit', String(digit)));
  const [bar, share] = [part('bar'), part('share')];
  const track = part('track');
  track.append(bar);
  item.append(track, share);
  list.append(item);
  return { item, bar, share };
}

function part(kind: string, text = ''): HTMLSpanElement {
  const span = document.createElement('span');
  span.className = kind;
  span.textContent = text;
  return span;
}
