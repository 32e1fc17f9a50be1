/** Choosing where arrays live. */

import { type Backend, Device, repeatGradientsByDefault, setDevice, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { host } from '#knet-host';
import { importPackage } from './import-package.js';

/** Names that {@link device} knows. */
export type DeviceName = 'auto' | 'cpu' | 'onednn' | 'webgpu' | 'cuda';

/** Best first. */
const order = ['cuda', 'webgpu', 'onednn', 'cpu'] as const;
type Name = (typeof order)[number];

const opened = /* @__PURE__ */ new Map<Name, Promise<Backend>>();
let skipped: ReadonlyMap<string, string> = /* @__PURE__ */ new Map();

/**
 * Makes a device current: new arrays are made there. A device stays open, so choosing it again costs nothing.
 *
 * @param name - 'cpu' is always there; the others come with packages of their own. 'auto', the default, takes the best one that
 * works - 'cuda', 'webgpu', 'onednn', 'cpu', in this order - and {@link skippedDevices} tells what was wrong with the others. A
 * backend of your own, or a device that this function returned, is taken as it is.
 * Any string may be given, as from a command line; one that names no device is an error.
 * @returns the device; its name says which one was chosen
 * @throws Error, in one sentence, when the device that was asked for cannot be had
 *
 * @example
 * const { name } = await device('auto');
 */
export async function device(name: DeviceName | (string & {}) | Device | Backend = 'auto'): Promise<Device> {
  repeatGradientsByDefault();
  if (name instanceof Device) return setDevice(name);
  if (typeof name === 'object') return useBackend(name);
  if (name === 'auto') return best();
  if (isName(name)) return useBackend(await open(name));
  throw new TypeError(`device: there is no device ${JSON.stringify(name)}; choose one of 'auto', 'cpu', 'onednn', 'webgpu', 'cuda'`);
}

/** Why the last `device('auto')` did not take the better devices: a sentence for each, by name. */
export function skippedDevices(): ReadonlyMap<string, string> {
  return skipped;
}

async function best(): Promise<Device> {
  const reasons = new Map<string, string>();
  for (const name of order) {
    try {
      const backend = await open(name);
      skipped = reasons;
      return useBackend(backend);
    } catch (error) {
      reasons.set(name, messageOf(error));
    }
  }
  throw new Error(`device: none works: ${[...reasons.values()].join('; ')}`);
}

function isName(name: string): name is Name {
  return order.some(known => known === name);
}

/** The backend of a name. What failed is tried again the next time. */
function open(name: Name): Promise<Backend> {
  let backend = opened.get(name);
  if (backend === undefined) {
    backend =
      name === 'cpu' ? Promise.resolve(cpuBackend({ collectGarbage: host.collectGarbage })) : openOptional(name, `@knet/knetarray-${name}`);
    opened.set(name, backend);
    backend.catch(() => opened.delete(name));
  }
  return backend;
}

async function openOptional(name: Name, packageName: string): Promise<Backend> {
  const factory = `${name}Backend`;
  let loaded: unknown;
  try {
    loaded = await importPackage(packageName);
  } catch (error) {
    const missing = isMissing(error, packageName);
    throw new Error(
      `device '${name}' needs the package ${packageName}, which ${missing ? `is not installed: npm install ${packageName}` : `could not be loaded: ${messageOf(error)}`}` +
        `; bundled applications import it themselves and write device(await ${factory}())`,
      { cause: error },
    );
  }
  const make: unknown = Reflect.get(loaded as object, factory);
  if (!isFactory(make))
    throw new Error(`device '${name}': ${packageName} has no function ${factory}; install the version that belongs to this one`);
  try {
    // WebGPU has to know of full collections, which its backend brings about by itself.
    return await make(name === 'webgpu' ? {} : { collectGarbage: host.collectGarbage });
  } catch (error) {
    throw new Error(`device '${name}' cannot be opened: ${messageOf(error)}`, { cause: error });
  }
}

/** What the package of a device exports under the name of its factory: its type cannot be seen, as the package may not be there. */
type Factory = (options: { readonly collectGarbage?: (() => void) | undefined }) => Backend | Promise<Backend>;

function isFactory(value: unknown): value is Factory {
  return typeof value === 'function';
}

/** Whether this very package was not found, as opposed to one that it needs, or to a failure while it was loaded. */
function isMissing(error: unknown, packageName: string): boolean {
  const message = messageOf(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const unresolved = code === 'ERR_MODULE_NOT_FOUND' || /Failed to resolve|Cannot find|Could not resolve|bare specifier/i.test(message);
  return unresolved && new RegExp(`['"“]${packageName}['"”]`).test(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
