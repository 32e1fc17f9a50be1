import { array, fillUniform, type KnetArray, memory, rand, span, useBackend, zeros } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { changed, gpuWith, testBackend } from './gpu.js';

describe('memory', () => {
  it('beyond maxMemoryBytes is an error, after which the device works on', async () => {
    const limit = 2 ** 24;
    const backend = await testBackend({ maxMemoryBytes: limit });
    useBackend(backend);
    const megabyte = 2 ** 18;
    const live: KnetArray[] = [];
    const fill = (): void => {
      for (let i = 0; i < 40; i++) live.push(array(new Float32Array(megabyte).fill(i)));
    };
    expect(fill).toThrow(
      /^webgpu: out of memory: asked for 1048576 bytes with \d+ live and 0 pooled \(\d+ of maxMemoryBytes 16777216 are in use\)\. Use smaller batches, or dispose\(\) of arrays\.$/,
    );
    expect(live.length).toBeGreaterThan(8);
    expect(memory().live).toBe(live.length * 2 ** 20);
    expect(backend.allocatedBytes).toBeLessThanOrEqual(limit);
    for (const a of live.splice(2)) a.dispose();
    expect((await live[1]!.add(1).data())[megabyte - 1]).toBe(2);
    backend.destroy();
  });

  it('that is pooled is given back before there is an error', async () => {
    const backend = await testBackend({ maxMemoryBytes: 2 ** 24 });
    useBackend(backend);
    for (let i = 0; i < 8; i++) array(new Float32Array(2 ** 18)).dispose();
    const eight = Array.from({ length: 8 }, (_, i) => array(new Float32Array(2 ** 18 - i)));
    for (const a of eight) a.dispose();
    expect(memory().pooled).toBeGreaterThan(2 ** 22);
    // Only with the pool there is room.
    const large = array(new Float32Array(2 ** 21).fill(3));
    expect((await large.add(1).slice(span(-2)).data())[1]).toBe(4);
    expect(memory().pooled).toBe(0);
    backend.destroy();
  });

  it('of one array is limited by the device, whose limit is named', async () => {
    const backend = await testBackend();
    useBackend(backend);
    const { maxStorageBytes } = backend.limits;
    const size = maxStorageBytes / 4 + 1;
    const sentence = new RegExp(
      `^webgpu: an array of ${size} float32 elements needs \\d+ bytes; at most ${maxStorageBytes} fit in one \\(maxStorageBytes\\)\\. Split it\\.$`,
    );
    expect(() => rand([size])).toThrow(sentence);
    await expect(async () => zeros([size]).add(1).data()).rejects.toThrow(sentence);
    expect(await array([1]).add(1).item()).toBe(2);
    backend.destroy();
  });
});

it('float64 is refused in one sentence', async () => {
  const backend = await testBackend();
  useBackend(backend);
  const sentence = /^\w+: the device 'webgpu' has no float64; use another dtype or device$/;
  expect(() => array([1], { dtype: 'float64' })).toThrow(sentence);
  expect(() => zeros([2], { dtype: 'float64' })).toThrow(sentence);
  expect(() => rand([2], { dtype: 'float64' })).toThrow(sentence);
  expect(() => array([1]).astype('float64')).toThrow(sentence);
  backend.destroy();
});

describe('workgroups', () => {
  it('beyond the limit of one dimension are spread over two', async () => {
    const backend = await testBackend();
    useBackend(backend);
    // Each workgroup of this kernel computes 256 elements.
    const size = 65535 * 256 + 77;
    const before = backend.counts.dispatches;
    const a = rand([size], { seed: 3 });
    const expected = new Float32Array(300);
    fillUniform([3, 0xffffffff], expected, size - 300);
    const tail = a.slice(span(size - 300));
    expect(backend.counts.dispatches - before).toBe(1);
    expect(await tail.data()).toEqual(expected);
    backend.destroy();
  });

  it('beyond two dimensions are an error that names the limit', async () => {
    const narrow = gpuWith(adapter => ({
      requestDevice: async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        return changed(device, { limits: changed(device.limits, { maxComputeWorkgroupsPerDimension: 3 }) });
      },
    }));
    const backend = await testBackend({ gpu: narrow });
    useBackend(backend);
    const fits = new Float32Array(9 * 256).map((_, i) => i);
    expect(await array(fits).add(1).data()).toEqual(fits.map(x => x + 1));
    await expect(
      array(new Float32Array(9 * 256 + 1))
        .add(1)
        .data(),
    ).rejects.toThrow(/^webgpu: map add needs 10 workgroups; maxComputeWorkgroupsPerDimension is 3/);
    expect(await array(fits).mul(2).data()).toEqual(fits.map(x => x * 2));
    backend.destroy();
  });
});
