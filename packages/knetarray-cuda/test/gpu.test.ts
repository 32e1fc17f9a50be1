import { useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';
import { gpu } from '../src/index.js';
import { emulated } from './emulated.js';

it('tells which GPU is current, and chooses one', () => {
  emulated();
  expect(gpu()).toBe(-1);
  expect(gpu(0)).toBe(0);
  expect(gpu()).toBe(0);
  useBackend(cpuBackend());
  expect(gpu()).toBe(-1);
  expect(() => gpu(3)).toThrow(/this thread computes on GPU 0: use a worker thread for GPU 3/);
  expect(gpu()).toBe(-1);
});
