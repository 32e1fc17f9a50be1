import { device } from '@knet/knet';
import { webgpuBackend } from '@knet/knetarray-webgpu';

/** Makes the page's WebGPU the current device, as a bundled application does. */
export async function openWebgpu(): Promise<void> {
  await device(await webgpuBackend());
}
