/** The device of these tests: Dawn on the software driver that comes with Chromium, unless the environment names a driver. */
import { existsSync } from 'node:fs';
import { type WebgpuBackend, type WebgpuOptions, webgpuBackend } from '../src/index.js';

/** Where Debian's packages and Chrome's have it. */
const drivers = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/opt/google/chrome/vk_swiftshader_icd.json'];

/** Opens a device. @throws Error when there is none: a test that asked for one fails */
export async function testBackend(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  const driver = drivers.find(existsSync);
  if (driver !== undefined) process.env.VK_ICD_FILENAMES ??= driver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  return await webgpuBackend(options);
}
