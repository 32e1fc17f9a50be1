/** Devices: a backend with its memory manager, known by name; one is current. */
import type { Backend } from '../backend.js';
import { MemoryManager, type MemoryReport } from './memory.js';

/** A backend in use: it has a name and manages its memory. Made by {@link useBackend}. */
export class Device {
  /** Its buffers, pooled and counted. */
  readonly memory: MemoryManager;

  constructor(
    readonly name: string,
    /** What computes. While kernels are noted, something that notes them stands here; see `repeat.ts`. */
    public backend: Backend,
  ) {
    this.memory = new MemoryManager(backend);
  }
}

const devices = /* @__PURE__ */ new Map<string, Device>();
let current: Device | undefined;
let immediate = false;

/**
 * Makes a backend known under its name (or another) and current. New arrays are made on the current device.
 *
 * @example
 * useBackend(cpuBackend());
 */
export function useBackend(backend: Backend, name: string = backend.name): Device {
  const known = devices.get(name);
  if (known?.backend === backend) {
    current = known;
    return known;
  }
  const device = new Device(name, backend);
  devices.set(name, device);
  current = device;
  return device;
}

/**
 * The device of a name, a device itself, or the current one.
 * @throws Error when no device of that name, or none at all, has been set up
 */
export function getDevice(device?: Device | string): Device {
  if (device instanceof Device) return device;
  if (device === undefined) {
    if (current !== undefined) return current;
    throw new Error("No device is set up. Call await device('cpu') of @knet/knet, or useBackend(cpuBackend()) of @knet/knetarray-cpu.");
  }
  const found = devices.get(device);
  if (found !== undefined) return found;
  const names = [...devices.keys()].map(name => `'${name}'`).join(', ');
  throw new Error(
    `Device '${device}' is not set up; there ${devices.size === 1 ? 'is' : 'are'} ${names || 'none'}. Call useBackend(...) first.`,
  );
}

/**
 * Makes a device current: new arrays are made there.
 * @throws Error when no device of that name has been set up
 */
export function setDevice(device: Device | string): Device {
  current = getDevice(device);
  return current;
}

/** Memory of a device, in bytes: live, pooled, peak, limit, and the number of live storages. */
export function memory(device?: Device | string): MemoryReport {
  return getDevice(device).memory.report();
}

/**
 * Debugging switch: with `true`, every elementwise operation runs at once instead of waiting to be fused. Results are the same
 * bits; only speed differs.
 */
export function setImmediateMode(on: boolean): void {
  immediate = on;
}

/** Whether every operation runs at once. */
export function isImmediate(): boolean {
  return immediate;
}
