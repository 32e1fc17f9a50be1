/**
 * The WebGPU backend of KnetArray.
 *
 * @packageDocumentation
 */
export type { AdapterOptions } from './gpu.js';
export type { Profile, ProfileEntry } from './profile.js';
export { WebgpuBackend, type WebgpuOptions, webgpuBackend } from './webgpu-backend.js';
