/** A Web Worker that runs the suite: it sends the names of its tests, then runs the one whose number it is sent. */
import { webgpuBackend } from '@knet/knetarray-webgpu';
import { conformance } from '../../src/index.js';
import { type Listed, listTests } from '../list.js';
import { collectGarbage } from './garbage.js';

/** A message of the worker: first the names, or why there are none; then how a test went. */
export interface FromWorker {
  readonly names?: readonly string[];
  readonly error?: string | undefined;
}

const post = (message: FromWorker): void => globalThis.postMessage(message);
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function tests(): Promise<Listed[]> {
  const backend = await webgpuBackend();
  return listTests(runner => conformance(() => backend, { ...runner, collectGarbage }));
}

try {
  const list = await tests();
  globalThis.onmessage = async ({ data }: MessageEvent<number>) => {
    try {
      await list[data]!.body();
      post({});
    } catch (error) {
      post({ error: reason(error) });
    }
  };
  post({ names: list.map(({ name }) => name) });
} catch (error) {
  post({ error: reason(error) });
}
