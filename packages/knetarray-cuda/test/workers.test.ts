/** Worker threads of Node share the addon, and nothing else: each has a stream, programs and a command block of its own. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addon, bundled } from './child.js';
import { emulated } from './emulated.js';
import { train } from './programs/train.js';

let program: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  emulated();
  program = await bundled('train');
});
afterAll(() => program.dispose());

function startWorker(steps: number): Worker {
  // The bundle does not lie beside the addon.
  return new Worker(program.path, { workerData: { steps }, env: { ...process.env, KNET_CUDA_ADDON: addon } });
}

/** Trains in a worker thread; resolves to the weights once the thread has ended. */
function trainInWorker(steps: number): Promise<number[][]> {
  return new Promise((resolve, reject) => {
    let weights: number[][] | undefined;
    const worker = startWorker(steps);
    worker.once('message', message => {
      weights = message;
    });
    worker.once('error', reject);
    worker.once('exit', code => (weights === undefined ? reject(new Error(`the worker ended with code ${code}`)) : resolve(weights)));
  });
}

it('two workers that train at once get the weights that the main thread gets', async () => {
  const expected = train(6);
  expect(expected).not.toEqual(train(5));
  const both = [trainInWorker(6), trainInWorker(6)];
  // Meanwhile this thread trains as well.
  expect(train(6)).toEqual(expected);
  for (const weights of await Promise.all(both)) expect(weights).toEqual(expected);
});

it('a worker that ends leaves the addon to the others', async () => {
  const expected = train(12);
  const long = trainInWorker(12);
  // One that is stopped at work, and others that begin and end while the long one works.
  const endless = startWorker(1e9);
  await once(endless, 'online');
  await setTimeout(100);
  await endless.terminate();
  for (let i = 0; i < 2; i++) expect((await trainInWorker(1)).length).toBe(4);
  expect(await long).toEqual(expected);
  expect(train(12)).toEqual(expected);
});
