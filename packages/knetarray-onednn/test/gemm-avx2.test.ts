import { describe, expect, it } from 'vitest';
import { onednnBackend } from '../src/index.js';
import { loadNative } from '../src/native.js';
import { testProducts } from './gemm-cases.js';

// Read when the addon is loaded, which is at the first call: every test file has a process of its own.
process.env.KNET_ISA = 'avx2';

describe('matrix products with AVX2', () => {
  it('uses AVX2', () => expect(loadNative().isa).toBe('avx2'));
  testProducts(() => onednnBackend());
});
