/** Convolution by kernels of the package against the loops of the portable backend. */
import type { DType } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { cases, compare, expected, geometryOf, kinds, run } from './convolution-cases.js';
import { emulated } from './emulated.js';

const backend = emulated();

describe.each(['float32', 'float64', 'float16', 'bfloat16'] as DType[])('%s', dtype => {
  it.each(Object.keys(cases))('%s', name => {
    const g = geometryOf(cases[name]!);
    for (const kind of kinds) compare(run(backend, kind, g, dtype), kind, g, dtype);
  });

  // Where four numbers can be written at once, if their count allows it.
  it.each(['points', 'a full tile', 'patches', 'three dimensions', 'stride 2'])('%s, aligned', name => {
    const g = geometryOf(cases[name]!);
    for (const kind of kinds) compare(run(backend, kind, g, dtype, 4), kind, g, dtype);
  });
});

it.each([
  ['float16', 2 ** -6],
  ['bfloat16', 2 ** -3],
] as const)('rounds %s once', (dtype, most) => {
  // 2049 equal numbers have no sum in half precision if each one is added there.
  const g = geometryOf({ x: [2049], w: [2049], inputs: 1, outputs: 5, batch: 1 });
  for (const [i, value] of run(backend, 'forward', g, dtype).entries()) {
    expect(Math.abs(value - expected('forward', g, dtype)[i]!)).toBeLessThan(most);
  }
});
