import { device } from '@knet/knet';
import { webgpuBackend } from '@knet/knetarray-webgpu';

/** Makes the page's WebGPU the current device, as a bundled application does. */
export async function openWebgpu(computing = true): Promise<void> {
  if (!computing) throw new Error('benchmarks: a page has no WebGPU that computes nothing; run this in Node');
  await device(await webgpuBackend());
}
