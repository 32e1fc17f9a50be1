/** Giving way: asynchronous loops let the host do what waits, and the device catch up. */
import { type Device, getDevice } from './device.js';

/** Milliseconds that a loop may run before the host has its turn. */
const longest = 10;
let last = 0;

/**
 * To be awaited between the steps of a loop: resolves when the device is ready for more work. Every few milliseconds the host's other
 * tasks - drawing, input, timers - have their turn first. `for await` over minibatches and over the steps of `minimize` does it by itself.
 *
 * @example
 * for (;;) {
 *   step();
 *   await turn();
 * }
 */
export async function turn(device?: Device | string): Promise<void> {
  await getDevice(device).backend.ready?.();
  const now = performance.now();
  if (now - last < longest) return;
  await new Promise<void>(resolve => {
    // A message comes after what waits already; a timer of a page would come 4 ms later.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
  last = performance.now();
}

/** The same items for `for await`, which gives way between them. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  for (const item of items) {
    yield item;
    await turn();
  }
}

/** Makes a generator one that `for await` may loop over, too; see {@link inTurns}. */
export function withTurns<T, R>(items: Generator<T, R, void>): Generator<T, R, void> & AsyncIterable<T> {
  return Object.assign(items, { [Symbol.asyncIterator]: () => inTurns(items) });
}
