/** Ending a loop when its values stop falling. */
import { KnetArray } from '@knet/knetarray';

/** Options of {@link converge}. */
export interface ConvergeOptions {
  /** Weight of the newest value in the moving average, from 0 to 1. The smaller, the more noise is allowed. */
  alpha?: number;
}

/**
 * Passes values on until their exponential moving average rises. Numbers are taken as they are; 0-d arrays are read, which needs
 * a device that can block (use {@link convergeAsync} elsewhere).
 *
 * @param values - numbers or 0-d arrays, such as the losses of `minimize` over `cycle(data)`
 * @throws RangeError unless alpha is above 0 and at most 1; Error when the device of an array cannot block
 *
 * @example
 * for (const J of converge(adam(loss, w, cycle(data)))) steps++;
 */
export function* converge<T extends number | KnetArray>(values: Iterable<T>, { alpha = 0.1 }: ConvergeOptions = {}): Generator<T> {
  const falls = falling(alpha, 'converge');
  for (const x of values) {
    if (!falls(x instanceof KnetArray ? x.itemSync() : x)) return;
    yield x;
  }
}

/** {@link converge} for every device, and for values that come one by one. */
export async function* convergeAsync<T extends number | KnetArray>(
  values: Iterable<T> | AsyncIterable<T>,
  { alpha = 0.1 }: ConvergeOptions = {},
): AsyncGenerator<T> {
  const falls = falling(alpha, 'convergeAsync');
  for await (const x of values) {
    if (!falls(x instanceof KnetArray ? await x.item() : x)) return;
    yield x;
  }
}

/** The same batches over and over, pass after pass. Ends only when there are none. */
export function* cycle<T>(data: Iterable<T>): Generator<T> {
  for (;;) {
    let any = false;
    for (const item of data) {
      any = true;
      yield item;
    }
    if (!any) return;
  }
}

/** Takes value after value and tells whether their moving average still does not rise. */
function falling(alpha: number, caller: string): (x: number) => boolean {
  if (!(alpha > 0 && alpha <= 1)) throw new RangeError(`${caller}: alpha must be above 0 and at most 1, not ${alpha}`);
  let average: number | undefined;
  return x => {
    const before = average;
    average = before === undefined ? x : alpha * x + (1 - alpha) * before;
    return before === undefined || average <= before;
  };
}
