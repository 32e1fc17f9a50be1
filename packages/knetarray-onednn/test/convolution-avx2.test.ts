/** The kernels for AVX2, on a processor that may have AVX-512: the addon chooses when it is loaded, which this process does later. */
import { expect, it } from 'vitest';
import { loadNative } from '../src/native.js';
import { testGeometries, testThreads } from './convolution-cases.js';

process.env.KNET_ISA = 'avx2';

it('uses AVX2', () => expect(loadNative().isa).toBe('avx2'));

testGeometries();
testThreads();
