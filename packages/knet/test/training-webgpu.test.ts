import { afterAll } from 'vitest';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
import { droppingTests, trainingTests } from './training-on-gpu.js';

const backend = await testBackend();
afterAll(() => backend.destroy());
trainingTests(backend);
droppingTests(backend);
