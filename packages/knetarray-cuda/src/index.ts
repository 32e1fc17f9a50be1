/**
 * The CUDA backend of KnetArray, for Node: NVIDIA GPUs.
 *
 * @packageDocumentation
 */
export { CudaBackend, type CudaOptions, cudaBackend } from './cuda-backend.js';
export type { DeviceInfo } from './native.js';
