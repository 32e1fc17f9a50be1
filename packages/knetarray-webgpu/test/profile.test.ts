import { array, DeviceArray, useBackend, viewOf, zeros } from '@knet/knetarray';
import { afterEach, expect, it } from 'vitest';
import { webgpuBackend } from '../src/index.js';
import { gpuWith, testBackend } from './gpu.js';

const backend = await testBackend();
useBackend(backend);

afterEach(async () => {
  // Whatever a test did: nothing goes on recording.
  const before = backend.counts.dispatches;
  expect(await array([1, 2]).add(1).data()).toEqual(new Float32Array([2, 3]));
  expect(backend.counts.dispatches - before).toBe(1);
});

it('counts and times the dispatches of each kernel', async () => {
  const big = zeros([300_000]);
  const small = array([1, 2, 3]);
  await Promise.all([big.data(), small.data()]);
  small.add(1);
  const result = await backend.profile(async () => {
    for (let i = 0; i < 3; i++) await big.mul(2).add(i).data();
    await small.sub(1).data();
  });
  expect(result.entries.map(({ name, dispatches }) => [name, dispatches])).toEqual([
    ['map mul add', 3],
    ['map sub', 1],
  ]);
  expect(result.dispatches).toBe(4);
  const [first, second] = result.entries;
  expect(first!.milliseconds).toBeGreaterThan(second!.milliseconds);
  expect(result.milliseconds).toBeCloseTo(first!.milliseconds + second!.milliseconds, 6);
});

it('prints a table', async () => {
  const a = array([1, 2, 3]);
  const result = await backend.profile(() => a.mul(3).data());
  const lines = String(result).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^milliseconds +% +dispatches {2}kernel$/);
  expect(lines[1]).toMatch(/^ +\d+\.\d{3} +(100\.0|0\.0) +1 {2}map mul$/);
  expect(lines[2]).toMatch(/ 1 {2}all$/);
});

it('holds more dispatches than one set of queries does, with and without a turn of the event loop', async () => {
  for (const yields of [false, true]) {
    let a = array([0]);
    const result = await backend.profile(async () => {
      for (let i = 0; i < 700; i++) {
        a = a.add(1);
        if (a instanceof DeviceArray) viewOf(a);
        if (yields && i % 100 === 0) await a.data();
      }
      expect(await a.item()).toBe(700);
    });
    expect(result.dispatches).toBe(700);
  }
});

it('stops when the function throws, and gives its error', async () => {
  const a = array([1]);
  const fail = (): never => {
    a.mul(7);
    throw new TypeError('not today');
  };
  await expect(backend.profile(fail)).rejects.toThrow(new TypeError('not today'));
  await expect(backend.profile(async () => fail())).rejects.toThrow(new TypeError('not today'));
  expect((await backend.profile(() => a.add(2).data())).dispatches).toBe(1);
});

it('refuses to run inside itself', async () => {
  await expect(backend.profile(() => backend.profile(() => undefined))).rejects.toThrow(/profile is already running/);
});

it('says which feature is missing', async () => {
  const plain = await webgpuBackend({
    gpu: gpuWith(({ features }) => ({ features: new Set([...features].filter(f => f !== 'timestamp-query')) })),
  });
  await expect(plain.profile(() => undefined)).rejects.toThrow(/profile needs the feature 'timestamp-query'/);
  plain.destroy();
});
