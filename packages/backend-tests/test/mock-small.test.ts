import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, it } from 'vitest';
import { conformance, mockDevice } from '../src/index.js';
import { collectGarbage } from './garbage.js';

// What a browser's GPU is like: no float64, no optional kernels, the smallest programs that the array layer has to live with.
conformance(
  () =>
    mockDevice(cpuBackend({ wasm: false, name: 'inner' }), {
      name: 'mock without float64',
      dtypes: ['float32', 'int32', 'bool'],
      without: ['convolution', 'maxPooling', 'cumsum', 'softmax', 'lstm', 'lstmLayer'],
      limits: { maxProgramArrays: 8, maxInstructions: 4, maxPooledBytes: 2 ** 24 },
    }),
  { describe, it, collectGarbage },
);
