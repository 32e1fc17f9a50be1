import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundled, output } from './child.js';
import { emulated } from './emulated.js';

let program: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  program = await bundled('open');
});
afterAll(() => program.dispose());

/** What a process says that opens a GPU twice. */
async function opened(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  return JSON.parse(await output(program.path, args, env));
}

describe('a machine without a GPU', () => {
  it.each([
    ['no driver', 'there is no NVIDIA driver on this machine: install one, or use another device'],
    ['old driver', 'the NVIDIA driver knows CUDA 11.4 and the addon was built with 13.0: install a newer driver'],
    ['no device', 'the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)'],
  ])('with %s says so, at every attempt', async (fault, sentence) => {
    expect(await opened([], { KNET_CUDA_EMULATION_FAULT: fault })).toEqual([sentence, sentence]);
  });

  it('says so also of an addon that does not exist', async () => {
    const sentence = 'KNET_CUDA_ADDON names /none/cuda.node, which does not exist: correct or unset it';
    expect(await opened([], { KNET_CUDA_ADDON: '/none/cuda.node' })).toEqual([sentence, sentence]);
  });
});

describe('GPUs', () => {
  it('are known by number', async () => {
    const [first, again] = await opened(['0']);
    expect(first).toMatchObject({ index: 0, name: 'emulation on the processor', processors: 2, bytes: 2 ** 33 });
    expect(again).toEqual(first);
    const missing = 'there is no GPU 3: this machine has one, number 0';
    expect(await opened(['3'])).toEqual([missing, missing]);
  });

  it('stay the one of their thread', async () => {
    const backend = emulated();
    const { cudaBackend } = await import('../src/index.js');
    expect(cudaBackend()).toBe(backend);
    expect(cudaBackend({ device: 0 })).toBe(backend);
    expect(() => cudaBackend({ device: 1 })).toThrow('this thread computes on GPU 0: use a worker thread for GPU 1');
    expect(backend.deviceMemory.total).toBe(backend.info.bytes);
    expect(backend.deviceMemory.free).toBeLessThanOrEqual(backend.info.bytes);
  });
});
