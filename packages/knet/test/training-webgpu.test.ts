import { afterAll } from 'vitest';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
import { droppingTests, repeatingTests, trainingTests } from './training-on-gpu.js';

const backend = await testBackend();
afterAll(() => backend.destroy());
trainingTests(backend);
repeatingTests(backend);
droppingTests(backend);
