import {
  array,
  copyProgram,
  cumsum,
  dispose,
  grad,
  type KnetArray,
  memory,
  setDevice,
  useBackend,
  type View,
  zeros,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { type MockOptions, mockDevice } from '../src/index.js';

let number = 0;
const make = (options: MockOptions = {}) => {
  const backend = mockDevice(cpuBackend(), { ...options, name: `mock ${++number}` });
  return { backend, device: useBackend(backend) };
};
const view = (storage: object, shape: number[], strides: number[], offset = 0): View => ({
  storage,
  dtype: 'float32',
  shape,
  strides,
  offset,
});

describe('mock device: what it demands', () => {
  it('fills new storages with what shows', async () => {
    const { backend } = make();
    expect([...(await backend.read(backend.allocate('float32', 2), 'float32', 0, 2))]).toEqual([Number.NaN, Number.NaN]);
    expect([...(await backend.read(backend.allocate('int32', 1), 'int32', 0, 1))]).toEqual([0x5a5a5a5a]);
  });

  it('refuses storages after their release, and names the kernel', () => {
    const { backend } = make();
    const [a, b] = [backend.allocate('float32', 4), backend.allocate('float32', 4)];
    backend.release(a);
    expect(() => backend.map(copyProgram('float32'), [view(a, [4], [1])], [], [view(b, [4], [1])])).toThrow(/map.*after its release/);
    expect(() => backend.read(a, 'float32', 0, 1)).toThrow(/read.*after its release/);
    expect(() => backend.release(a)).toThrow(/release.*after its release/);
    expect(() => backend.write({}, 0, new Float32Array(1))).toThrow(/write.*another device/);
  });

  it('refuses overlap, views out of bounds, repeated outputs, programs beyond the limits', () => {
    const { backend } = make({ limits: { maxProgramArrays: 1 } });
    const a = backend.allocate('float32', 8);
    const b = backend.allocate('float32', 8);
    const copy = (x: View, y: View) => () => backend.map(copyProgram('float32'), [x], [], [y]);
    expect(copy(view(a, [4], [1]), view(a, [4], [1], 3))).toThrow(/overlaps/);
    expect(copy(view(a, [4], [3]), view(b, [4], [1]))).toThrow(/reaches elements 0 to 9 of 8/);
    expect(copy(view(a, [4], [1]), view(b, [4], [0]))).toThrow(/stride of 0/);
    expect(copy(view(a, [4], [1]), view(b, [2, 2], [1, 2]))).toThrow(/shape/);
    expect(copy(view(a, [4], [1]), view(b, [4], [1]))).toThrow(/maxProgramArrays 1/);
  });

  it('takes the snapshot of a read in queue order and gives it later', async () => {
    const { backend } = make();
    const a = backend.allocate('float32', 1);
    backend.write(a, 0, new Float32Array([1]));
    let arrived = false;
    const reading = backend.read(a, 'float32', 0, 1).then(data => {
      arrived = true;
      return data;
    });
    backend.write(a, 0, new Float32Array([2]));
    await Promise.resolve();
    expect(arrived).toBe(false);
    expect([...(await reading)]).toEqual([1]);
  });

  it('counts calls and live bytes', () => {
    const { backend } = make();
    const a = backend.allocate('float64', 8);
    expect([backend.liveBytes, backend.liveStorages, backend.counts.get('allocate')]).toEqual([64, 1, 1]);
    backend.release(a);
    expect([backend.liveBytes, backend.liveStorages]).toEqual([0, 0]);
  });
});

describe('memory manager on a device with explicit memory', () => {
  it('gives back every byte', async () => {
    const { backend, device } = make();
    const w = array(new Float32Array(1000).fill(2), { shape: [100, 10] });
    const g = grad((v: KnetArray) => v.t().matmul(v).sum())(w);
    expect(backend.liveStorages).toBe(2);
    expect(backend.liveBytes).toBe(memory(device).live);
    dispose([w, g]);
    expect(backend.liveBytes).toBe(0);
  });

  it('reuses pooled storages instead of allocating', () => {
    const { backend } = make({ limits: { maxPooledBytes: 2 ** 20, minPooledBytes: 1 } });
    const w = array(new Float32Array(1000));
    const f = grad((v: KnetArray) => v.exp().mul(v).sum());
    f(w).dispose();
    f(w).dispose();
    const before = backend.counts.get('allocate');
    for (let i = 0; i < 20; i++) f(w).dispose();
    expect(backend.counts.get('allocate')).toBe(before);
  });

  it('gives back the pool when memory runs out, and goes on', async () => {
    const { backend, device } = make({ memoryLimit: 100_000, limits: { maxPooledBytes: 2 ** 20 } });
    const kept = array(new Float32Array(5_000));
    array(new Float32Array(15_000)).dispose();
    expect(memory(device).pooled).toBeGreaterThan(50_000);
    const y = array(new Float32Array(14_000).fill(3), { shape: [14, 1000] });
    const total = y.sum();
    expect(await total.item()).toBe(42_000);
    expect(memory(device).pooled).toBe(0);
    expect(backend.liveBytes).toBe(memory(device).live);
    dispose([kept, y, total]);
  });

  it('says what is in use when there is no memory left, and loses nothing', () => {
    const { backend, device } = make({ memoryLimit: 10_000 });
    const a = array(new Float32Array(1_000));
    const before = backend.liveBytes;
    expect(() => zeros([1000, 1000]).set(0, 1)).toThrow(/out of memory.*asked for \d+ bytes with \d+ live/);
    expect(() => grad((v: KnetArray) => v.reshape(1000, 1).matmul(v.reshape(1, 1000)).sum())(a)).toThrow(/out of memory/);
    expect(backend.liveBytes).toBe(before);
    expect(memory(device).live).toBe(before);
    a.dispose();
    expect(backend.liveBytes).toBe(0);
  });

  it.each(['map', 'reduce', 'matmul', 'gather', 'scatterAdd'] as const)('loses nothing when %s fails', kernel => {
    const { backend } = make();
    const w = array(new Float32Array(12).fill(1), { shape: [4, 3] });
    const f = (v: KnetArray) =>
      v
        .exp()
        .matmul(v.slice([0, 2, 2]).t())
        .mul(2)
        .sum({ dims: 0 })
        .exp()
        .sum();
    const before = backend.liveBytes;
    for (let i = 0; i < 4; i++) {
      const usual = grad(f)(w);
      usual.dispose();
      backend.failNext = kernel;
      expect(() => grad(f)(w)).toThrow(/failed, as the test asked for/);
      expect(backend.failNext).toBe(undefined);
      expect(backend.liveBytes).toBe(before);
    }
  });

  it('runs defaults where the device lacks a kernel', async () => {
    const { backend } = make({ without: ['cumsum'] });
    const x = array([1, 2, 3, 4, 5]);
    expect([...(await cumsum(x).data())]).toEqual([1, 3, 6, 10, 15]);
    expect(backend.counts.has('cumsum')).toBe(false);
    setDevice('mock 1');
  });
});
