import { onednnBackend } from '@knet/knetarray-onednn';
import { describe, expect, it } from 'vitest';
import { conformance } from '../src/index.js';
import { collectGarbage } from './garbage.js';

// Read when the addon is loaded: the kernels for processors without AVX-512, also where this one has it.
process.env.KNET_ISA = 'avx2';
const backend = onednnBackend();

it('runs on AVX2', () => expect(backend.isa).toBe('avx2'));
conformance(() => backend, { describe, it, collectGarbage, name: 'onednn on AVX2' });
