import { webgpuBackend } from '@knet/knetarray-webgpu';
import { afterAll, describe, it } from 'vitest';
import { conformance } from '../../src/index.js';
import { collectGarbage } from './garbage.js';

const backend = await webgpuBackend();
afterAll(() => backend.destroy());
conformance(() => backend, { describe, it, collectGarbage, name: 'webgpu in a window' });
