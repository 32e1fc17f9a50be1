import { array, type Backend, DeviceArray, getDevice, type KnetArray, type Storage, useBackend, type WeakReference } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

/** A backend whose storages are pooled, and the storages that it made. */
function pooled(name: string, weakReference?: (target: object) => WeakReference): { backend: Backend; made: Storage[] } {
  const real = cpuBackend();
  const made: Storage[] = [];
  const backend: Backend = Object.assign(Object.create(real), {
    name,
    collected: false,
    allocate(dtype: 'float32', length: number): Storage {
      const storage = real.allocate(dtype, length);
      made.push(storage);
      return storage;
    },
    release: () => {},
    weakReference,
  });
  return { backend, made };
}

function taken(count: number): Storage[] {
  return Array.from({ length: count }, () => getDevice().memory.take('float32', 100));
}

function storageOf(x: KnetArray): Storage | undefined {
  return x instanceof DeviceArray ? x.buffer?.storage : undefined;
}

it('storages whose arrays a poll found gone are used again in the order in which they were made, round after round', () => {
  /** What weak references refer to, for as long as the test wants it to be there. */
  const targets: { target: object | undefined }[] = [];
  const { backend, made } = pooled('polled', target => {
    const entry: { target: object | undefined } = { target };
    targets.push(entry);
    return { deref: () => entry.target };
  });
  useBackend(backend);
  const { memory } = getDevice();
  const first = Array.from({ length: 5 }, () => array(new Float32Array(100)));
  for (let round = 0; round < 3; round++) {
    for (const entry of targets) entry.target = undefined;
    expect(memory.report().arrays).toBe(0);
    const again: (Storage | undefined)[] =
      round === 2 ? taken(5) : Array.from({ length: 5 }, () => storageOf(array(new Float32Array(100))));
    expect(again.every((storage, i) => storage === made[i])).toBe(true);
  }
  expect(first).toHaveLength(5);
});

it('references that can be renewed are, and only once they have ended', () => {
  const references: { target: object | undefined; ended: boolean }[] = [];
  const { backend } = pooled('renewed', first => {
    const entry: { target: object | undefined; ended: boolean } = { target: first, ended: false };
    references.push(entry);
    return {
      deref: () => entry.target,
      release: () => {
        entry.ended = true;
      },
      renew: target => {
        expect(entry.ended).toBe(true);
        Object.assign(entry, { target, ended: false });
      },
    };
  });
  useBackend(backend);
  const { memory } = getDevice();
  const kept: KnetArray[] = [];
  for (let i = 0; i < 20; i++) {
    array(new Float32Array(10)).dispose();
    if (i % 4 === 0) kept.push(array(new Float32Array(10)));
    array(new Float32Array(10));
    const dropped = references.filter(({ target, ended }) => !ended && !kept.some(x => x instanceof DeviceArray && x.buffer === target));
    for (const entry of dropped) entry.target = undefined;
    expect(memory.report().arrays).toBe(kept.length);
  }
  expect(references).toHaveLength(kept.length + 1);
  for (const x of kept) x.dispose();
  expect(memory.report().arrays).toBe(0);
});

it('and so are those that finalizers tell of, in any order', () => {
  const watched: { value: unknown; tell: (value: unknown) => void }[] = [];
  vi.stubGlobal(
    'FinalizationRegistry',
    class {
      constructor(private readonly tell: (value: unknown) => void) {}
      register(_target: object, value: unknown): void {
        watched.push({ value, tell: this.tell });
      }
      unregister(): void {}
    },
  );
  const { backend, made } = pooled('told');
  useBackend(backend);
  const arrays = Array.from({ length: 5 }, () => array(new Float32Array(100)));
  for (const i of [3, 0, 4, 1, 2]) watched[i]!.tell(watched[i]!.value);
  expect(taken(5).every((storage, i) => storage === made[i])).toBe(true);
  expect(arrays).toHaveLength(5);
});

it('watches that ended by hand leave nothing behind', () => {
  let asked = 0;
  const { backend } = pooled('counted', target => ({
    deref: () => {
      asked++;
      return target;
    },
  }));
  useBackend(backend);
  const { memory } = getDevice();
  const kept: KnetArray[] = [];
  for (let i = 0; i < 1000; i++) {
    const x = array(new Float32Array(100));
    if (i % 100 === 0) kept.push(x);
    else x.dispose();
  }
  expect(memory.report().arrays).toBe(10);
  expect(asked).toBe(10);
  for (const x of kept) x.dispose();
  expect(memory.report().arrays).toBe(0);
  expect(asked).toBe(10);
});
