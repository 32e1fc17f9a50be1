import { expect, it } from 'vitest';
import { findNative, type Surroundings, whyNot } from '../src/find-native.js';
import type { Machine } from '../src/native.js';

/** A checkout on Linux with nothing built; `files` are there, and `packages` are installed. An addon is its path. */
function surroundings(
  changes: Partial<Surroundings<string>> & { files?: readonly string[]; packages?: Readonly<Record<string, string>> } = {},
): Surroundings<string> {
  const { files = [], packages = {}, ...rest } = changes;
  return {
    platform: 'linux-x64',
    override: undefined,
    own: '/package/build/cuda.node',
    sources: true,
    exists: path => files.includes(path),
    folderOf: name => packages[name],
    open: path => path,
    ...rest,
  };
}

const prebuilt = { '@knet/knetarray-cuda-linux-x64': '/modules/linux-x64' };
const own = '/package/build/cuda.node';

it('takes the addon that the environment names, then the one built here, then the prebuilt one', () => {
  const files = ['/elsewhere/emulated.node', own, '/modules/linux-x64/cuda.node'];
  const all = { files, packages: prebuilt };
  expect(findNative(surroundings({ ...all, override: '/elsewhere/emulated.node' }))).toBe('/elsewhere/emulated.node');
  expect(findNative(surroundings({ ...all, override: '' }))).toBe(own);
  expect(findNative(surroundings({ ...all, platform: 'linux-arm64' }))).toBe(own);
  expect(findNative(surroundings({ ...all, files: files.slice(2) }))).toBe('/modules/linux-x64/cuda.node');
});

it('a wrong KNET_CUDA_ADDON is not passed over', () => {
  expect(() => findNative(surroundings({ files: [own], override: '/none.node' }))).toThrow(
    'KNET_CUDA_ADDON names /none.node, which does not exist: correct or unset it',
  );
});

it('says what is missing and what to do', () => {
  const message = (changes: Parameters<typeof surroundings>[0]) => {
    try {
      findNative(surroundings(changes));
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    throw new Error('an addon was found');
  };
  expect(message({})).toBe('the addon of @knet/knetarray-cuda is not built: run `pnpm cuda`, which needs nvcc of the CUDA toolkit');
  // The package of the platform is a folder of the repository, which has no addon until it is packed.
  expect(message({ packages: prebuilt })).toMatch(/is not built: run `pnpm cuda`/);
  expect(message({ sources: false })).toBe(
    'the addon of @knet/knetarray-cuda is in the package @knet/knetarray-cuda-linux-x64, which is not installed: ' +
      'npm install @knet/knetarray-cuda-linux-x64',
  );
  expect(message({ platform: 'darwin-arm64' })).toBe(
    "@knet/knetarray-cuda has no addon for darwin-arm64, only for linux-x64: use device('webgpu')",
  );
});

it('a broken addon is named with the reason and what to do', () => {
  const open = () => {
    throw new Error('invalid ELF header\nRequire stack:\n- /package/dist/index.js');
  };
  expect(() => findNative(surroundings({ files: [own], open }))).toThrow(
    /^\/package\/build\/cuda\.node cannot be loaded \(invalid ELF header\): build it again with `pnpm cuda`$/,
  );
  expect(() => findNative(surroundings({ files: [own], open, sources: false }))).toThrow(/: install @knet\/knetarray-cuda again$/);
});

it('says why a GPU cannot be used', () => {
  const good: Machine = { driver: 13000, runtime: 13000, devices: 2, error: 0, message: '' };
  expect(whyNot(good, 0)).toBeUndefined();
  expect(whyNot(good, 1)).toBeUndefined();
  expect(whyNot({ ...good, driver: 0, devices: 0, error: 35 }, 0)).toBe(
    'there is no NVIDIA driver on this machine: install one, or use another device',
  );
  expect(whyNot({ ...good, driver: 12_040, devices: 0, error: 35 }, 0)).toBe(
    'the NVIDIA driver knows CUDA 12.4 and the addon was built with 13.0: install a newer driver',
  );
  const hidden = 'the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)';
  expect(whyNot({ ...good, devices: 0, error: 100, message: 'no CUDA-capable device is detected' }, 0)).toBe(hidden);
  expect(whyNot({ ...good, devices: 0 }, 0)).toBe(hidden);
  expect(whyNot({ ...good, devices: 0, error: 999, message: 'unknown error' }, 0)).toBe('CUDA does not start: unknown error (error 999)');
  expect(whyNot(good, 2)).toBe('there is no GPU 2: this machine has 2, numbered from 0');
  expect(whyNot({ ...good, devices: 1 }, 1)).toBe('there is no GPU 1: this machine has one, number 0');
  for (const number of [-1, 0.5, Number.NaN]) expect(whyNot(good, number)).toMatch(/^there is no GPU/);
});
