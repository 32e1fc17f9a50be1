/** The device of these tests: Dawn on the software driver that comes with Debian's Chromium, unless the environment names a driver. */
import { type WebgpuBackend, type WebgpuOptions, webgpuBackend } from '../src/index.js';

/** Opens a device. @throws Error when there is none: a test that asked for one fails */
export async function testBackend(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  process.env.VK_ICD_FILENAMES ??= '/usr/lib/chromium/vk_swiftshader_icd.json';
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
  return await webgpuBackend(options);
}
