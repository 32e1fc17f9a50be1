import { describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
for (const kernels of ['gpu', 'software'] as const) {
  const backend = await testBackend({ kernels, name: kernels });
  conformance(() => backend, { describe, it, name: kernels });
}
