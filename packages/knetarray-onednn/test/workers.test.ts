/** Worker threads of Node share the addon and its pool of threads, and nothing else. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { train } from './programs/train.js';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'knet-workers-'));
const program = join(folder, 'train.mjs');

beforeAll(async () => {
  // A worker thread runs JavaScript: the program and the sources of the packages become one file.
  const entry = join(import.meta.dirname, 'programs/train.ts');
  const options = { bundle: true, format: 'esm', platform: 'node', tsconfig: join(root, 'tsconfig.json') } as const;
  await build({ entryPoints: [entry], outfile: program, ...options });
});
afterAll(() => rmSync(folder, { recursive: true }));

function startWorker(steps: number): Worker {
  // The bundle does not lie beside the addon.
  const addon = process.env.KNET_ONEDNN_ADDON ?? join(import.meta.dirname, '../build/knet.node');
  return new Worker(program, { workerData: { steps }, env: { ...process.env, KNET_ONEDNN_ADDON: addon } });
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
  const expected = train(40);
  expect(expected).not.toEqual(train(39));
  const both = [trainInWorker(40), trainInWorker(40)];
  // Meanwhile this thread trains as well.
  expect(train(40)).toEqual(expected);
  for (const weights of await Promise.all(both)) expect(weights).toEqual(expected);
});

it('a worker that ends leaves the addon to the others', async () => {
  const expected = train(100);
  const long = trainInWorker(100);
  // One that is stopped at work, and others that begin and end while the long one works.
  const endless = startWorker(1e9);
  await once(endless, 'online');
  await setTimeout(300);
  await endless.terminate();
  for (let i = 0; i < 3; i++) expect((await trainInWorker(2)).length).toBe(4);
  expect(await long).toEqual(expected);
  expect(train(100)).toEqual(expected);
  expect(await trainInWorker(100)).toEqual(expected);
});
