/** Loading the addon: from this package after it was built, or from the prebuilt package of the platform. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeKernels } from '@knet-private/native-commands';
import { findNative } from './find-native.js';

/** The addon. A kernel reads its arguments from the block that `connect` returned. */
export interface Native extends NativeKernels {
  /** The command block of this thread. */
  connect(): Float64Array;
  /** Address of the first byte of a buffer; it stays the same as long as the buffer lives. */
  address(buffer: ArrayBuffer): number;
  /** In a build with AddressSanitizer: bytes of a buffer outside of `begin` to `end` may not be touched. */
  guard?(buffer: ArrayBuffer, begin: number, end: number): void;
  /** Returns when all kernels that were called are computed; those without errors of their own may be computed later than they are called. */
  wait(): void;
  /** Number of threads that kernels use; sets it when it is given. */
  threads(count?: number): number;
  /** Instruction set that was chosen when the addon was loaded. */
  readonly isa: 'avx512' | 'avx2' | 'none';
}

let loaded: Native | undefined;

/**
 * The addon, loaded at the first call.
 * @throws Error, in one sentence, when it is not built, cannot be loaded, or the processor is too old
 */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const require = createRequire(import.meta.url);
  const override = process.env.KNET_ONEDNN_ADDON;
  const beside = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
  const addon = findNative<Native>({
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    override: override && resolve(override),
    own: beside('build/knet.node'),
    sources: existsSync(beside('native/addon.cc')),
    exists: existsSync,
    folderOf(packageName) {
      try {
        return dirname(require.resolve(`${packageName}/package.json`));
      } catch {
        return undefined; // Not installed.
      }
    },
    open: path => require(path),
  });
  // What Node-API makes is a dictionary to V8; in a copy it knows where each function is.
  return { ...addon };
}
