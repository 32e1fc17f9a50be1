import { array, getDevice, type KnetArray, type Storage, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';

it('storages that the collector found are used again in the order in which they were made', () => {
  const real = cpuBackend();
  const made: Storage[] = [];
  /** What weak references refer to, for as long as the test wants it to be there. */
  const targets: { target: object | undefined }[] = [];
  const backend = Object.assign(Object.create(real), {
    name: 'watched',
    collected: false,
    allocate(dtype: 'float32', length: number): Storage {
      const storage = real.allocate(dtype, length);
      made.push(storage);
      return storage;
    },
    release: () => {},
    weakReference(target: object) {
      const entry: { target: object | undefined } = { target };
      targets.push(entry);
      return { deref: () => entry.target };
    },
  });
  useBackend(backend);
  const make = (): KnetArray => array(new Float32Array(100));
  for (let i = 0; i < 5; i++) make();
  for (const i of [3, 0, 4, 1, 2]) {
    targets[i]!.target = undefined;
    getDevice().memory.report();
  }
  const taken = Array.from({ length: 5 }, () => getDevice().memory.take('float32', 100));
  expect(taken.every((storage, i) => storage === made[i])).toBe(true);
});
