import { webgpuBackend } from '@knet/knetarray-webgpu';
import { afterAll } from 'vitest';
import { droppingTests, trainingTests } from '../training-on-gpu.js';

const backend = await webgpuBackend();
afterAll(() => backend.destroy());
trainingTests(backend);
droppingTests(backend);
