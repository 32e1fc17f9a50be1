import {
  array,
  DeviceArray,
  DeviceLostError,
  decodeSafetensors,
  encodeSafetensors,
  type KnetArray,
  useBackend,
  viewOf,
} from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { openGpu } from '../src/gpu.js';
import type { WebgpuBackend } from '../src/index.js';
import { MapKernel } from '../src/kernels/map.js';
import { Queue } from '../src/queue.js';
import { Shader } from '../src/shader.js';
import { Allocator } from '../src/storage.js';
import { Transfer } from '../src/transfer.js';
import { changed, gpuWith, testBackend } from './gpu.js';

/** Ways in which a device goes away, and what is said of it. */
const ends = [
  [
    'destroy() of the backend',
    async (backend: WebgpuBackend) => backend.destroy(),
    /^webgpu: the device was destroyed\. Open a new device/,
  ],
  [
    'destroy() of the device',
    async ({ device }: WebgpuBackend) => {
      device.destroy();
      await device.lost;
    },
    /^webgpu: the device was lost \(destroyed.*\)\. Open a new device/,
  ],
] as const;

/** What `f` throws or rejects with. */
async function errorOf(f: () => unknown): Promise<unknown> {
  try {
    await f();
  } catch (error) {
    return error;
  }
  return undefined;
}

async function expectLost(f: () => unknown, reason: RegExp): Promise<void> {
  const error = await errorOf(f);
  expect(error).toBeInstanceOf(DeviceLostError);
  expect(error instanceof Error && error.message).toMatch(reason);
}

const compute = (a: KnetArray): unknown => a instanceof DeviceArray && viewOf(a);

describe.each(ends)('after %s', (_, end, reason) => {
  it('every call throws the reason', async () => {
    const backend = await testBackend();
    useBackend(backend);
    const [a, i] = [array([1, 2, 3]), array([0, 2], { dtype: 'int32' })];
    const bytes = array(new Uint8Array([1, 2, 3]));
    const pending = a.add(1);
    const view = { storage: backend.allocate('float32', 3), dtype: 'float32', shape: [3], strides: [1], offset: 0 } as const;
    const list = { ...view, storage: backend.allocate('int32', 3), dtype: 'int32' } as const;
    await a.data();
    await end(backend);
    const calls: [string, () => unknown][] = [
      ['a read', () => a.data()],
      ['an item', () => a.sum().item()],
      ['an element', () => a.get(0).item()],
      ['a program that was pending', () => pending.data()],
      ['a program', () => compute(a.mul(2))],
      ['a matrix product', () => compute(a.reshape(1, 3).matmul(a))],
      ['a sum', () => compute(a.sum())],
      ['an upload', () => array([1, 2])],
      ['an upload of bytes', () => array(new Uint8Array([1]))],
      ['a write', () => a.set(0, 7)],
      ['a write of bytes', () => bytes.set(0, 7)],
      ['allocate', () => backend.allocate('float32', 3)],
      ['write', () => backend.write(view.storage, 0, new Float32Array(3))],
      ['write of bytes', () => backend.write(view.storage, 1, new Uint8Array(1))],
      ['read', () => backend.read(view.storage, 'float32', 0, 3)],
      ['gather', () => backend.gather(view, list, view, 0)],
      ['scatterAdd', () => backend.scatterAdd(view, list, view, 0)],
      ['random', () => backend.random('uniform', [1, 2], view)],
      ['ready', () => backend.ready()],
      ['profile', () => backend.profile(() => undefined)],
    ];
    for (const [name, call] of calls)
      expect([name, String(await errorOf(call))]).toEqual([name, expect.stringMatching(/^DeviceLostError/)]);
    for (const [, call] of calls) await expectLost(call, reason);
    // What is left can still be let go.
    a.dispose();
    bytes.dispose();
    i.dispose();
    backend.release(view.storage);
    backend.flush();
    backend.destroy();
  });

  it('reads that wait are rejected', async () => {
    const backend = await testBackend();
    useBackend(backend);
    const a = array(new Float32Array(100_000));
    const reads = [a.mul(2).data(), a.data(), array([1]).add(1).item(), array(new Uint8Array(5)).data()];
    const outcomes = Promise.allSettled(reads);
    await end(backend);
    for (const outcome of await outcomes) {
      expect(outcome).toEqual({ status: 'rejected', reason: expect.any(DeviceLostError) });
      if (outcome.status === 'rejected') expect(outcome.reason.message).toMatch(reason);
    }
  });

  it('a profile that is running is rejected', async () => {
    const backend = await testBackend();
    useBackend(backend);
    const a = array([1, 2, 3]);
    await expectLost(
      () =>
        backend.profile(async () => {
          await a.add(1).data();
          compute(a.add(2));
          await end(backend);
        }),
      reason,
    );
  });

  it('weights that were saved can be loaded on a new device', async () => {
    const first = await testBackend();
    useBackend(first);
    const w = array([
      [1, 2],
      [3, 4],
    ]);
    const saved = encodeSafetensors([{ name: 'w', dtype: w.dtype, shape: w.shape, data: await w.data() }]);
    await end(first);
    const second = await testBackend();
    useBackend(second);
    const restored = decodeSafetensors(saved).tensors[0]!;
    expect(await array(restored.data, { shape: restored.shape }).add(1).toArray()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    await expectLost(() => w.add(1).data(), reason);
    second.destroy();
  });
});

it('a read that begins before the loss of its device is known is rejected as well', async () => {
  const backend = await testBackend();
  useBackend(backend);
  const a = array([1, 2, 3]);
  backend.device.destroy();
  await expectLost(() => a.add(1).data(), /the device was lost \(destroyed/);
});

describe('what the GPU refuses', () => {
  const parts = async () => {
    const { device } = await openGpu({ gpu: gpuWith(() => ({})) });
    const queue = new Queue(device);
    const allocator = new Allocator(device, queue, Number.POSITIVE_INFINITY);
    const transfer = new Transfer(queue, allocator, new MapKernel(queue, 8));
    const storage = allocator.allocate('float32', 4);
    transfer.write(storage, 0, new Float32Array([1, 2, 3, 4]));
    return { device, queue, allocator, transfer, storage };
  };

  it('a shader that is not valid is named by the next read, and by all calls after it', async () => {
    const { device, queue, transfer, storage } = await parts();
    const broken = new Shader('broken', [], ['f32'], ([output]) => `@compute @workgroup_size(1) fn main() { ${output!.name}[0] = 1i; }`);
    queue.begin();
    queue.dispatch(broken, [storage], 1);
    const reason = /^webgpu: the GPU refused the shader 'broken' \(/;
    await expectLost(() => transfer.read(storage, 'float32', 0, 4), reason);
    await expectLost(() => transfer.write(storage, 0, new Float32Array(4)), reason);
    device.destroy();
  });

  it('commands that are not valid reject the next read', async () => {
    const { device, queue, transfer, storage } = await parts();
    queue.copy(storage.buffer, 0, storage.buffer, storage.buffer.size, 16);
    await expectLost(() => transfer.read(storage, 'float32', 0, 4), /^webgpu: the GPU refused the commands \(/);
    device.destroy();
  });

  it('memory that the GPU did not have rejects the next read, with the bytes', async () => {
    const { device, queue, transfer, storage } = await parts();
    const full = changed(device, { popErrorScope: async () => ({ message: 'no memory' }) });
    new Allocator(full, queue, Number.POSITIVE_INFINITY).allocate('float32', 100_000);
    await expectLost(
      () => transfer.read(storage, 'float32', 0, 4),
      /^webgpu: out of memory: the GPU had no room for 400000 bytes beside 0/,
    );
    device.destroy();
  });
});
