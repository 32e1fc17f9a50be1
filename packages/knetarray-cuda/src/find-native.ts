/** Which addon to load, and the sentences for when there is none or no GPU. It only decides: what touches the system is handed in. */
import type { Machine } from './native.js';

/** What the choice depends on. */
export interface Surroundings<T> {
  /** `process.platform` and `process.arch`, as in `linux-x64`. */
  readonly platform: string;
  /** Path in KNET_CUDA_ADDON: an addon that is taken in place of every other. */
  readonly override: string | undefined;
  /** Path of the addon that was built beside this package. */
  readonly own: string;
  /** Whether the sources of the addon are there, as in a checkout of the repository. */
  readonly sources: boolean;
  exists(path: string): boolean;
  /** Folder of an installed package. */
  folderOf(packageName: string): string | undefined;
  /** Loads an addon. */
  open(path: string): T;
}

const name = '@knet/knetarray-cuda';
const platforms: readonly string[] = ['linux-x64'];

/**
 * The addon: the one that KNET_CUDA_ADDON names, or that was built here, or of the prebuilt package of the platform.
 * @throws Error, in one sentence that says what is missing and what to do
 */
export function findNative<T>(surroundings: Surroundings<T>): T {
  const path = findPath(surroundings);
  try {
    return surroundings.open(path);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    const again = surroundings.sources ? 'build it again with `pnpm cuda`' : `install ${name} again`;
    throw new Error(`${path} cannot be loaded (${reason}): ${again}`, { cause: error });
  }
}

function findPath({ platform, override, own, sources, exists, folderOf }: Surroundings<unknown>): string {
  if (override !== undefined && override !== '') {
    if (!exists(override)) throw new Error(`KNET_CUDA_ADDON names ${override}, which does not exist: correct or unset it`);
    return override;
  }
  if (exists(own)) return own;
  if (!platforms.includes(platform))
    throw new Error(`${name} has no addon for ${platform}, only for ${platforms.join(', ')}: use device('webgpu')`);
  const prebuilt = `${name}-${platform}`;
  const folder = folderOf(prebuilt);
  if (folder !== undefined && exists(`${folder}/cuda.node`)) return `${folder}/cuda.node`;
  if (sources) throw new Error(`the addon of ${name} is not built: run \`pnpm cuda\`, which needs nvcc of the CUDA toolkit`);
  throw new Error(`the addon of ${name} is in the package ${prebuilt}, which is not installed: npm install ${prebuilt}`);
}

/** `12.4` for 12040. */
const version = (code: number): string => `${Math.floor(code / 1000)}.${Math.floor((code % 1000) / 10)}`;

/**
 * Why the GPU of a number cannot be used on this machine, or undefined.
 * @param code - cuda error numbers: 35 the driver is too old, 100 there is no GPU
 */
export function whyNot({ driver, runtime, devices, error, message }: Machine, device: number): string | undefined {
  if (driver === 0) return 'there is no NVIDIA driver on this machine: install one, or use another device';
  if (error === 35)
    return `the NVIDIA driver knows CUDA ${version(driver)} and the addon was built with ${version(runtime)}: install a newer driver`;
  if (error === 100 || (error === 0 && devices === 0)) return 'the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)';
  if (error !== 0) return `CUDA does not start: ${message} (error ${error})`;
  if (!Number.isInteger(device) || device < 0 || device >= devices)
    return `there is no GPU ${device}: this machine has ${devices === 1 ? 'one, number 0' : `${devices}, numbered from 0`}`;
  return undefined;
}
