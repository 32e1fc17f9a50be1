/** Taking turns inside the worker. */

/** Runs asynchronous jobs one after the other, in the order in which they were asked for. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** The result of a job, once all earlier ones have ended. */
  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

/**
 * Lets the event loop take what has arrived, such as messages of the page: a promise that is kept at once does not. Without the four
 * milliseconds that a timer takes at least.
 */
export function nextTask(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}
