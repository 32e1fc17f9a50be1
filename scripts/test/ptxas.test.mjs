import { expect, test } from 'vitest';
import { kernelsOf, nameOf, summaryOf } from '../lib/ptxas.mjs';

const symbol = '_ZN4knet38_GLOBAL__N__ccb54c19_6_map_cu_f525366c9mapKernelIfLi64EEEvNS_5BoundE';
const other = '_ZN4knet38_GLOBAL__N__ccb54c19_6_map_cu_f525366c9mapKernelIdLi64EEEvNS_5BoundE';
const messages = `ptxas info    : 296 bytes gmem, 24 bytes cmem[4]
ptxas info    : Compiling entry function '${symbol}' for 'sm_75'
ptxas info    : Function properties for ${symbol}
    1056 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 100 registers, used 0 barriers, 1056 bytes cumulative stack size, 3328 bytes cmem[0]
ptxas info    : Function properties for _ZN4knet7wrapFarEd
    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
ptxas info    : Compiling entry function '${other}' for 'sm_90'
ptxas info    : Function properties for ${other}
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 16640 bytes smem
`;

test('reads what ptxas tells of kernels, and of the functions that they call', () => {
  expect(kernelsOf(messages)).toEqual([
    { symbol, arch: '75', registers: 100, spills: 12, stack: 1056, shared: 0 },
    { symbol: other, arch: '90', registers: 32, spills: 0, stack: 0, shared: 16_640 },
  ]);
});

test('names kernels without namespaces and template arguments', () => {
  expect([symbol, '_Z9addKernelPfi', '_ZN4knet3sumEv', 'plain'].map(nameOf)).toEqual(['mapKernel', 'addKernel', 'sum', 'plain']);
  expect(summaryOf(kernelsOf(messages))).toEqual([
    { name: 'mapKernel', variants: 2, registers: 100, spills: 12, stack: 1056, shared: 16_640 },
  ]);
});
