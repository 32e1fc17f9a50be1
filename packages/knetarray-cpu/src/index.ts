/**
 * The portable CPU backend of KnetArray: TypeScript kernels for every dtype, WebAssembly SIMD for float32.
 *
 * @packageDocumentation
 */
export { CpuBackend, type CpuOptions, cpuBackend } from './cpu-backend.js';
