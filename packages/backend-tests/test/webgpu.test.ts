import { afterAll, describe, it } from 'vitest';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

const backend = await testBackend();
afterAll(() => backend.destroy());
conformance(() => backend, { describe, it, collectGarbage });
