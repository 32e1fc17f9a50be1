import { existsSync } from 'node:fs';
import { device } from '@knet/knet';
import { webgpuBackend } from '@knet/knetarray-webgpu';
import { create, globals } from 'webgpu';
import { countCalls } from '../harness/calls.js';

/** SwiftShader of Debian's Chromium: WebGPU on the processor. */
const software = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Makes WebGPU the current device in Node: that of npm's `webgpu`, with its calls counted. Without a driver of its own the machine
 * takes Chromium's software.
 *
 * @param computing - false for a device that checks and takes all commands, and computes nothing
 */
export async function openWebgpu(computing = true): Promise<void> {
  Object.assign(globalThis, globals);
  countCalls();
  let gpu = create(computing ? [] : ['backend=null']);
  if (computing && (await gpu.requestAdapter()) === null && existsSync(software)) {
    process.env.VK_ICD_FILENAMES = software;
    gpu = create([]);
  }
  await device(await webgpuBackend({ gpu }));
}
