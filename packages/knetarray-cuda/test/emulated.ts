/** The backend on the emulator, which runs the kernels on the processor. */
import { fileURLToPath } from 'node:url';
import { type CudaBackend, cudaBackend } from '../src/index.js';

/** Opens the addon that KNET_CUDA_ADDON names - the emulated one by default, so that these tests need no GPU. */
export function emulated(): CudaBackend {
  process.env.KNET_CUDA_ADDON ??= fileURLToPath(new URL('../build/cuda_emu.node', import.meta.url));
  return cudaBackend();
}
