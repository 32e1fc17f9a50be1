import { array, grad, type KnetArray, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';

it('finds dropped gradients within one synchronous loop, where storages belong to the garbage collector', () => {
  useBackend(cpuBackend());
  const w = array(new Float32Array(16_384), { shape: [128, 128] });
  const gradient = grad((v: KnetArray) => v.mul(v).add(1).sqrt().sum());
  const before = process.memoryUsage().arrayBuffers;
  let highest = 0;
  for (let i = 0; i < 6_000; i++) {
    gradient(w);
    if (i % 500 === 0) highest = Math.max(highest, process.memoryUsage().arrayBuffers - before);
  }
  // 6,000 gradients of 64 KiB are 375 MiB.
  expect(highest).toBeLessThan(200 * 2 ** 20);
});
