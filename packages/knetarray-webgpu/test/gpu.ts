/** The device of these tests: Dawn on the software driver that comes with Chromium, unless the environment names a driver. */
import { existsSync } from 'node:fs';
import { create } from 'webgpu';
import { type WebgpuBackend, type WebgpuOptions, webgpuBackend } from '../src/index.js';

/** Where Debian's packages and Chrome's have it. */
const drivers = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/opt/google/chrome/vk_swiftshader_icd.json'];

/** Opens a device. @throws Error when there is none: a test that asked for one fails */
export async function testBackend(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  chooseDriver();
  return await webgpuBackend(options);
}

/** Kept for good: Dawn closes the devices of an entry point that is collected. */
const entryPoints: GPU[] = [];

/** An entry point of WebGPU whose adapters have other properties than the real ones. */
export function gpuWith(changes: (adapter: GPUAdapter) => Partial<Record<keyof GPUAdapter, unknown>>): GPU {
  chooseDriver();
  const gpu = create([]);
  entryPoints.push(gpu);
  return changed(gpu, {
    async requestAdapter(options: GPURequestAdapterOptions) {
      const adapter = await gpu.requestAdapter(options);
      return adapter === null ? null : changed(adapter, changes(adapter));
    },
  });
}

/** An object that passes for `target`, but for some properties. */
export function changed<T extends object>(target: T, changes: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(changes, key)) return Reflect.get(changes, key);
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Chooses the driver for this process, unless the environment does. */
export function chooseDriver(): void {
  const driver = drivers.find(existsSync);
  if (driver !== undefined) process.env.VK_ICD_FILENAMES ??= driver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
}
