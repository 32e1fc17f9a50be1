import { array, matmul, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';
import { onednnBackend } from '../src/index.js';

it.each(['float32', 'float64', 'int32'] as const)('multiplies %s matrices', dtype => {
  useBackend(cpuBackend());
  useBackend(onednnBackend());
  const a = array(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype },
  );
  expect([...matmul(a, a.t()).dataSync()]).toEqual([14, 32, 32, 77]);
});
