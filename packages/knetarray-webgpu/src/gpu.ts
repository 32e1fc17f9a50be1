/** Finding a GPU and opening it with all that it can do. */
/// <reference types="@webgpu/types" />

/** What is asked of the adapter. */
export interface AdapterOptions {
  /** The entry point of WebGPU. Default: `navigator.gpu`; in Node that of the package `webgpu`, if it is installed. */
  gpu?: GPU | undefined;
  /** Which GPU, where there are several. Default 'high-performance'. */
  powerPreference?: GPUPowerPreference | undefined;
  /** True to get a software implementation, for tests. */
  forceFallbackAdapter?: boolean | undefined;
}

/** An opened device with what is known of its adapter. */
export interface OpenedGpu {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** Whether shaders run on the processor, where shared memory and barriers cost more than they save. */
  readonly software: boolean;
}

/** Features that are used where they are there. */
const wanted: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

/**
 * Opens a GPU with every limit at its maximum.
 * @throws Error, in one sentence, when there is no WebGPU or no adapter
 */
export async function openGpu(options: AdapterOptions): Promise<OpenedGpu> {
  const gpu = options.gpu ?? (await platformGpu());
  const { powerPreference = 'high-performance', forceFallbackAdapter = false } = options;
  const adapter = await gpu.requestAdapter({ powerPreference, forceFallbackAdapter });
  if (adapter === null) throw new Error('webgpu: there is no adapter; a GPU driver is missing, or the browser has WebGPU switched off');
  const requiredFeatures = wanted.filter(name => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: limitsOf(adapter), label: 'knet' });
  entryPoints.set(device, gpu);
  const { info } = adapter;
  return { device, info, software: /swiftshader|llvmpipe|lavapipe|warp|software/i.test(`${info.architecture} ${info.description}`) };
}

/** The limits that matter for kernels, at what the adapter can do. */
function limitsOf({ limits }: GPUAdapter): Record<string, number> {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}

/** Whether this is Node, where WebGPU comes from a library. */
export function isNode(): boolean {
  return ['document', 'WorkerGlobalScope', 'Deno'].every(name => !(name in globalThis)) && 'process' in globalThis;
}

async function platformGpu(): Promise<GPU> {
  const found = globalThis.navigator?.gpu;
  if (found !== undefined) return found;
  if (!isNode()) {
    throw new Error('webgpu: navigator.gpu is missing; the page must come over https or from localhost, in a browser that has WebGPU');
  }
  // The name is not written out in the import, so that bundlers of applications without it do not look for it.
  const name = 'webgpu';
  let dawn: unknown;
  try {
    dawn = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    throw new Error('webgpu: Node has no WebGPU of its own; run `npm install webgpu@0.6.2`, or give { gpu }', { cause });
  }
  if (!isDawn(dawn)) throw new Error('webgpu: the installed package `webgpu` has no function `create`; install webgpu@0.6.2');
  // Kept for good: the library closes its devices when the entry point is collected.
  nodeGpu ??= dawn.create([]);
  return nodeGpu;
}

/** Keeps an entry point as long as its device: the library for Node closes the device of one that was collected, in use or not. */
const entryPoints = new WeakMap<GPUDevice, GPU>();

let nodeGpu: GPU | undefined;

function isDawn(module: unknown): module is { create(options: string[]): GPU } {
  return typeof module === 'object' && module !== null && typeof Reflect.get(module, 'create') === 'function';
}

// The flags of the specification (https://www.w3.org/TR/webgpu/#buffer-usage): Node has no global objects for them.
export const usage = { mapRead: 1, mapWrite: 2, copySource: 4, copyTarget: 8, uniform: 64, storage: 128, queryResolve: 512 } as const;
export const mapRead = 1;
export const computeStage = 4;
