import { webgpuBackend } from '@knet/knetarray-webgpu';
import { afterAll } from 'vitest';
import { droppingTests, repeatingTests, trainingTests } from '../training-on-gpu.js';

const backend = await webgpuBackend();
afterAll(() => backend.destroy());
trainingTests(backend);
repeatingTests(backend);
droppingTests(backend);
