import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it, vi } from 'vitest';
import { host } from '../src/host-node.js';
import { device, getDevice, skippedDevices } from '../src/index.js';

let driver = false;
let opened = 0;
let given: (() => void) | undefined;
let failure: Error | undefined;

const packages: Record<string, unknown> = {
  '@knet/knetarray-cuda': {
    cudaBackend: async () => {
      if (!driver) throw new Error('no CUDA driver was found');
      opened++;
      return cpuBackend({ name: 'cuda' });
    },
  },
  '@knet/knetarray-webgpu': {},
  '@knet/knetarray-onednn': {
    onednnBackend: (options: { collectGarbage?: () => void }) => {
      given = options.collectGarbage;
      return cpuBackend({ name: 'onednn' });
    },
  },
};
vi.mock('../src/import-package.js', () => ({
  importPackage: async (name: string) => {
    if (failure !== undefined) throw failure;
    return packages[name];
  },
}));

it('auto takes the first that opens, keeps the reasons of the others, and tries them again', async () => {
  expect((await device('auto')).name).toBe('onednn');
  expect([...skippedDevices()]).toEqual([
    ['cuda', "device 'cuda' cannot be opened: no CUDA driver was found"],
    ['webgpu', "device 'webgpu': @knet/knetarray-webgpu has no function webgpuBackend; install the version that belongs to this one"],
  ]);
  await expect(device('cuda')).rejects.toThrow("device 'cuda' cannot be opened: no CUDA driver was found");
  expect(getDevice().name).toBe('onednn');
  driver = true;
  const cuda = await device();
  expect([cuda.name, skippedDevices().size]).toEqual(['cuda', 0]);
  await device('cpu');
  expect(await device('cuda')).toBe(cuda);
  expect(opened).toBe(1);
});

it('hands on the way to ask for a garbage collection', async () => {
  await device('onednn');
  expect(given).toBe(host.collectGarbage);
  expect(given).toBeTypeOf('function');
});

it('tells a package that is absent from one that is broken', async () => {
  failure = Object.assign(new Error("Cannot find package '@knet/knetarray-webgpu' imported from /app/index.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  await expect(device('webgpu')).rejects.toThrow(
    /^device 'webgpu' needs the package @knet\/knetarray-webgpu, which is not installed: npm install/,
  );
  failure = Object.assign(new Error("Cannot find package 'webgpu' imported from /app/node_modules/@knet/knetarray-webgpu/dist/index.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  await expect(device('webgpu')).rejects.toThrow(/which could not be loaded: Cannot find package 'webgpu'/);
  failure = undefined;
});
