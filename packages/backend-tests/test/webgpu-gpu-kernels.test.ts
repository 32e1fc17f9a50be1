import { afterAll, describe, expect, it } from 'vitest';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

// The kernels that GPUs get, also where WebGPU runs on a processor.
const backend = await testBackend({ kernels: 'gpu' });
afterAll(() => backend.destroy());

it('runs the kernels for GPUs', () => expect(backend.software).toBe(false));
conformance(() => backend, { describe, it, collectGarbage, name: 'webgpu with the kernels for GPUs' });
