import { array, memory, useBackend } from '@knet/knetarray';
import { expect, it } from 'vitest';
import { testBackend } from './gpu.js';

it('finds dropped arrays in an awaited loop, though no garbage collector can be asked', async () => {
  const backend = await testBackend();
  const device = useBackend(backend);
  const w = array(new Float32Array(65_536));
  let [live, allocated] = [0, 0];
  for (let i = 0; i < 1000; i++) {
    await w.mul(i).data();
    live = Math.max(live, memory(device).live);
    allocated = Math.max(allocated, backend.allocatedBytes);
  }
  // 1,000 arrays of 256 KiB are 250 MiB; dropped ones are looked for when 64 MiB have been handed out.
  expect(live).toBeLessThan(100 * 2 ** 20);
  expect(allocated).toBeLessThan(108 * 2 ** 20);
  backend.destroy();
});
