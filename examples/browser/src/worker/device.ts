/** Opening the device that the page asks for. The only module that knows which ones there are. */
import { device } from '@knet/knet';
import type { DeviceChoice } from '../protocol.js';

/** A device that is current: arrays are made there. */
export interface OpenDevice {
  readonly name: 'WebGPU' | 'the CPU';
  /** What it was opened for. */
  readonly choice: DeviceChoice;
  /** Which one it is, and why: a sentence. */
  readonly message: string;
  /** Kept when the device is lost, with the reason. */
  readonly lost: Promise<string>;
  /** Makes it current again. */
  use(): Promise<unknown>;
  /** Gives it back; its arrays are gone. */
  close(): void;
}

/**
 * Makes a device current. 'auto' is WebGPU where there is an adapter, and else the CPU.
 *
 * @throws Error, in one sentence, when the device that was asked for cannot be had
 */
export async function openDevice(choice: DeviceChoice): Promise<OpenDevice> {
  if (choice === 'cpu') return openCpu(choice, 'The model runs on the CPU, as you chose.');
  if (choice === 'webgpu') return openWebgpu(choice, what => `The model runs on ${what}, as you chose.`);
  try {
    return await openWebgpu(choice, what => `The model runs on ${what}, because this browser offers it.`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return openCpu(choice, `The model runs on the CPU, because this browser offers no WebGPU (${reason.replace(/\.$/, '')}).`);
  }
}

async function openCpu(choice: DeviceChoice, message: string): Promise<OpenDevice> {
  const use = () => device('cpu');
  await use();
  return { name: 'the CPU', choice, message, lost: new Promise(() => {}), use, close: () => {} };
}

async function openWebgpu(choice: DeviceChoice, sentence: (what: string) => string): Promise<OpenDevice> {
  // Loaded when it is asked for: with the CPU, its kernels are of no use.
  const { webgpuBackend } = await import('@knet/knetarray-webgpu');
  const backend = await webgpuBackend();
  const use = () => device(backend);
  await use();
  const { vendor, architecture } = backend.info;
  const adapter = [vendor, architecture].filter(word => word !== '').join(' ') || 'an unnamed adapter';
  const slow = backend.software ? ', which computes in software: the CPU may be faster' : '';
  return {
    name: 'WebGPU',
    choice,
    message: sentence(`WebGPU (${adapter}${slow})`),
    lost: backend.device.lost.then(({ reason, message }) => message || reason),
    use,
    close: () => backend.destroy(),
  };
}
