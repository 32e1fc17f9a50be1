/** Progress of a loop: a bar on a terminal, lines elsewhere. */

import { withTurns } from '@knet/knetarray';
import { host } from '#knet-host';
import type { Bar } from './host.js';

/** Options of {@link progress}. */
export interface ProgressOptions<T = unknown> {
  /** Text before the bar. */
  label?: string;
  /** Number of items; default the `length` or `size` of what is looped over, if it has one. */
  total?: number;
  /** Text after the bar, made anew when it is drawn: from the newest item and its number, counted from 1. */
  message?: (item: T, count: number) => string;
  /** Where there is no terminal: seconds between printed lines. Default 0, which prints none. */
  every?: number;
}

/**
 * The same items, while a bar shows how many there were, how many per second, and the time left. Where the output is no terminal
 * nothing is shown, or a line every few seconds. A loop that is left early or fails leaves the bar where it was.
 *
 * @param items - anything that `for` loops over, or `for await`; what both take, such as `minimize(...)`, stays so
 *
 * @example
 * for (const [x, y] of progress(minibatch(xtrn, ytrn, 100), { label: 'epoch 1' })) update(w, lossGradient(w, x, y), state);
 */
export function progress<T>(
  items: Iterable<T> & AsyncIterable<T>,
  options?: ProgressOptions<T>,
): Generator<T, void, void> & AsyncIterable<T>;
export function progress<T>(items: Iterable<T>, options?: ProgressOptions<T>): Generator<T, void, void>;
export function progress<T>(items: AsyncIterable<T>, options?: ProgressOptions<T>): AsyncGenerator<T, void, void>;
export function progress<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: ProgressOptions<T> = {},
): Generator<T, void, void> | AsyncGenerator<T, void, void> {
  if (!(Symbol.iterator in items)) return overAsync(items, options);
  const each = over(items, options);
  return Symbol.asyncIterator in items ? withTurns(each) : each;
}

function* over<T>(items: Iterable<T>, options: ProgressOptions<T>): Generator<T, void, void> {
  const meter = new Meter(options, totalOf(items, options));
  try {
    for (const item of items) {
      yield item;
      meter.count(item);
    }
  } finally {
    meter.stop();
  }
}

async function* overAsync<T>(items: AsyncIterable<T>, options: ProgressOptions<T>): AsyncGenerator<T, void, void> {
  const meter = new Meter(options, totalOf(items, options));
  try {
    for await (const item of items) {
      yield item;
      meter.count(item);
    }
  } finally {
    meter.stop();
  }
}

function totalOf(items: object, { total }: { total?: number }): number | undefined {
  if (total !== undefined) return total;
  const length: unknown = Reflect.get(items, 'length') ?? Reflect.get(items, 'size');
  return typeof length === 'number' ? length : undefined;
}

/** Seconds between two drawings. */
const REDRAW = 0.1;

class Meter<T> {
  readonly #start = performance.now();
  readonly #bar: Bar | undefined;
  readonly #interval: number;
  #drawn = 0;
  #shown = 0;
  #count = 0;
  #item: T | undefined;

  constructor(
    readonly options: ProgressOptions<T>,
    readonly total: number | undefined,
  ) {
    const { label = '', every = 0 } = options;
    const start = label === '' ? '' : `${label.replaceAll(/[{}]/g, '')} `;
    const format = total === undefined ? `${start}{value} {text}` : `${start}{bar} {percentage}% {value}/{total} {text}`;
    this.#bar = host.bar(format, total ?? 0);
    this.#interval = this.#bar !== undefined ? REDRAW : every > 0 ? every : Number.POSITIVE_INFINITY;
  }

  count(item: T): void {
    this.#count++;
    this.#item = item;
    const now = this.#seconds();
    if (now - this.#drawn >= this.#interval) this.#draw(now);
  }

  stop(): void {
    if (this.#interval !== Number.POSITIVE_INFINITY && this.#count > this.#shown) this.#draw(this.#seconds());
    this.#bar?.stop();
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  #draw(now: number): void {
    this.#drawn = now;
    this.#shown = this.#count;
    const { label, message } = this.options;
    const text = [timing(this.#count, this.total, now), this.#item === undefined ? '' : (message?.(this.#item, this.#count) ?? '')]
      .filter(part => part !== '')
      .join(' ');
    if (this.#bar !== undefined) this.#bar.update(this.#count, { text });
    else host.print(`${label === undefined ? '' : `${label} `}${this.#count}${this.total === undefined ? '' : `/${this.total}`} ${text}`);
  }
}

/** `12.3/s, 0:45 left`, or the time taken at the end. */
export function timing(count: number, total: number | undefined, seconds: number): string {
  if (count === 0) return '';
  const rate = count / Math.max(seconds, 1e-9);
  const speed = rate >= 1 ? `${formatRate(rate)}/s` : `${formatRate(1 / rate)} s each`;
  if (total === undefined || count >= total) return `${speed}, ${clock(seconds)} taken`;
  return `${speed}, ${clock((total - count) / rate)} left`;
}

function formatRate(x: number): string {
  return x >= 100 ? x.toFixed(0) : x.toPrecision(3);
}

/** Minutes and seconds, with hours when there are any. */
function clock(seconds: number): string {
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}:${two(s % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}
