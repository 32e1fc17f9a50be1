import { describe, it } from 'vitest';
import type { FromWorker } from './conformance-worker.js';

const worker = new Worker(new URL('./conformance-worker.ts', import.meta.url), { type: 'module' });

/** What the worker says next. It runs its tests in order, each when it is asked for, so an answer belongs to the last question. */
function answer(): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => resolve(data);
    worker.onerror = event => reject(new Error(event.message || 'the worker could not be loaded'));
  });
}

const started = await answer();
if (started.names === undefined) throw new Error(started.error ?? 'the worker sent no tests');

describe('conformance of webgpu in a worker', () => {
  started.names?.forEach((name, i) => {
    it(name, async () => {
      const outcome = answer();
      worker.postMessage(i);
      const { error } = await outcome;
      if (error !== undefined) throw new Error(error);
    });
  });
});
