import { array, DeviceArray, full, type KnetArray, type Storage, useBackend, type View, viewOf } from '@knet/knetarray';
import { update } from '@knet/optim';
import { expect, it } from 'vitest';
import { testBackend } from './gpu.js';
import { single } from './programs.js';

const backend = await testBackend();
useBackend(backend);

/** Has a pending array computed. */
function deviceView(x: KnetArray): void {
  if (x instanceof DeviceArray) viewOf(x);
}

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

it('makes one dispatch of updates of several parameters', async () => {
  const w = [
    array([1, 2, 3]),
    array([
      [1, 2],
      [3, 4],
    ]),
    array([5]),
  ];
  const g = [
    array([1, 1, 1]),
    array([
      [1, 0],
      [0, 1],
    ]),
    array([-1]),
  ];
  backend.flush();
  const before = backend.counts.dispatches;
  update(w, g, { lr: 0.5 });
  backend.flush();
  expect(backend.counts.dispatches - before).toBe(1);
  expect(await w[0]!.data()).toEqual(new Float32Array([0.5, 1.5, 2.5]));
  expect(await w[1]!.data()).toEqual(new Float32Array([0.5, 3, 2, 3.5]));
  expect(await w[2]!.data()).toEqual(new Float32Array([5.5]));
});

it('keeps the order of calls that depend on each other', async () => {
  const a = array([1, 2, 3]);
  const b = a.add(1);
  deviceView(b);
  const c = b.add(1);
  deviceView(c);
  a.set([], 7);
  expect(await c.data()).toEqual(new Float32Array([3, 4, 5]));
  expect(await a.data()).toEqual(new Float32Array([7, 7, 7]));
});

it('binds once what several calls read', async () => {
  const [count, n] = [16, 5];
  // The input is larger than what shares a slab; the outputs share one.
  const source = backend.allocate('float32', 2 ** 20);
  backend.write(
    source,
    0,
    Float32Array.from({ length: count * n }, (_, i) => i),
  );
  const targets = Array.from({ length: count }, () => backend.allocate('float32', n));
  const view = (storage: Storage, offset: number): View => ({ storage, dtype: 'float32', shape: [n], strides: [1], offset });
  const code = single('float32', 'neg', 1);
  backend.flush();
  const before = backend.counts.dispatches;
  for (const [k, target] of targets.entries()) backend.map(code, [view(source, k * n)], [], [view(target, 0)]);
  backend.flush();
  expect(backend.counts.dispatches - before).toBe(1);
  for (const [k, target] of targets.entries()) {
    expect([...(await backend.read(target, 'float32', 0, n))]).toEqual([0, 1, 2, 3, 4].map(i => -(k * n + i)));
  }
  for (const storage of [source, ...targets]) backend.release(storage);
});

it('compiles nothing for arrays that only lie in other slabs', async () => {
  // Three slabs of 4 MB, and parameters all over them.
  const filler = Array.from({ length: 150 }, (_, i) => full([16384], i));
  for (const x of filler) deviceView(x);
  const create = backend.device.createComputePipeline.bind(backend.device);
  let compiled = 0;
  backend.device.createComputePipeline = descriptor => {
    compiled++;
    return create(descriptor);
  };
  try {
    const counts: number[] = [];
    for (let round = 0; round < 40; round++) {
      const at = [0, 1, 2, 3].map(i => (round * 37 + i * 61) % 150);
      const w = at.map(i => filler[i]!);
      const before = await Promise.all(w.map(x => x.slice([0]).data()));
      update(
        w,
        w.map((_, i) => full([16384], i + 1)),
        { lr: 1 },
      );
      const after = await Promise.all(w.map(x => x.slice([0]).data()));
      after.forEach((x, i) => {
        expect(x[0]).toBe(before[i]![0]! - (i + 1));
      });
      counts.push(compiled);
    }
    expect(counts[39]! - counts[20]!).toBe(0);
    expect(compiled).toBeLessThan(12);
  } finally {
    backend.device.createComputePipeline = create;
  }
});
