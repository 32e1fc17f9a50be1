/**
 * The CUDA backend of KnetArray, for Node: NVIDIA GPUs.
 *
 * @packageDocumentation
 */
export { CudaBackend, type CudaOptions, cudaBackend } from './cuda-backend.js';
export { gpu } from './gpu.js';
export type { DeviceInfo } from './native.js';
