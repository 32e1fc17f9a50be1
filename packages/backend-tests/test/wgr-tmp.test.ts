import { afterAll, describe, it } from 'vitest';
import { conformance } from '../src/index.js';
import { testBackend } from '../../knetarray-webgpu/test/gpu.js';
const kernels = (process.env.WGR_KERNELS ?? 'software') as 'gpu' | 'software';
const backend = await testBackend({ kernels, name: kernels });
conformance(() => backend, { describe, it, name: kernels });
afterAll(() => console.log('PIPELINES', Reflect.get(backend, 'queue').compiler.count, 'rss', process.memoryUsage().rss / 1e6, [...Reflect.get(Reflect.get(backend, 'reduceKernel'), '\u0000') ?? []].length));
