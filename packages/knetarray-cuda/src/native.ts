/** Loading the addon: from this package after it was built, or from the prebuilt package of the platform. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeKernels } from '@knet-private/native-commands';
import { findNative } from './find-native.js';

/** What is known of the machine before a GPU is opened. */
export interface Machine {
  /** Version of CUDA that the driver knows, as 12040 for 12.4; 0 without a driver. */
  readonly driver: number;
  /** Version that the addon was built with. */
  readonly runtime: number;
  /** Number of GPUs. */
  readonly devices: number;
  /** CUDA's error when they were counted, 0 if all went well. */
  readonly error: number;
  readonly message: string;
}

/** What is known of a GPU that was opened. */
export interface DeviceInfo {
  /** As the driver names it. */
  readonly name: string;
  /** Its number. */
  readonly index: number;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  /** Streaming multiprocessors. */
  readonly processors: number;
  /** Bytes of memory. */
  readonly bytes: number;
  /** Version of cuBLAS, or in parentheses why it is not used. */
  readonly blas: string;
  /** The same of cuDNN. */
  readonly dnn: string;
}

/** The addon. A kernel reads its arguments from the block that `open` returned. */
export interface Native extends NativeKernels {
  machine(): Machine;
  /** Chooses a GPU for this thread; returns the thread's command block. `makeLost` makes the error of a GPU that has failed. */
  open(device: number, makeLost: (message: string) => Error): Float64Array;
  deviceInfo(): DeviceInfo;
  /** Address of so many new bytes. */
  allocate(bytes: number): number;
  release(address: number): void;
  /** Says how released memory that is kept for reuse is given back when a kernel finds none for itself. */
  onShortage(giveBack: () => void): void;
  /** Bytes that the GPU has free, and all of them. */
  memoryInfo(): { free: number; total: number };
  write(address: number, data: ArrayBufferView): void;
  /** Waits for everything enqueued before. */
  read(address: number, bytes: number): ArrayBuffer;
  readLater(address: number, bytes: number): Promise<ArrayBuffer>;
  /** Resolves when what was enqueued before the last call of it is done. */
  ready(): Promise<void>;
  /** Whether cuBLAS and cuDNN may multiply float32 as TF32, on this thread. */
  allowTf32(allowed: boolean): void;
  synchronize(): void;
  /** Whether the following three work: cuDNN is there and has recurrent networks. */
  hasLstmLayers(): boolean;
  /** Answers with a number of bytes, or -1, in the first word of the block. */
  lstmLayerMemory(): void;
  lstmLayer(): void;
  lstmLayerGradient(): void;
}

let loaded: Native | undefined;

/**
 * The addon, loaded at the first call.
 * @throws Error, in one sentence, when it is not built or cannot be loaded
 */
export function loadNative(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const require = createRequire(import.meta.url);
  const override = process.env.KNET_CUDA_ADDON;
  const beside = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
  const addon = findNative<Native>({
    platform: `${process.platform}-${process.arch}`,
    override: override && resolve(override),
    own: beside('build/cuda.node'),
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
