import { array, useBackend } from '@knet/knetarray';
import { expect, it } from 'vitest';
import { testBackend } from './gpu.js';

const backend = await testBackend();
useBackend(backend);

it('fuses a chain into one dispatch', async () => {
  const a = array([1, 2, 3]);
  const before = backend.counts.dispatches;
  expect(await a.mul(2).add(a).data()).toEqual(new Float32Array([3, 6, 9]));
  expect(backend.counts.dispatches - before).toBe(1);
});

it('reads and writes bytes of which four share a word', async () => {
  const a = array(new Uint8Array([1, 2, 3, 250, 5, 6, 7]), { shape: [7] });
  expect(await a.add(10).data()).toEqual(new Int32Array([11, 12, 13, 260, 15, 16, 17]));
  expect(await a.data()).toEqual(new Uint8Array([1, 2, 3, 250, 5, 6, 7]));
});
