/** Convolution by kernels of the package against the loops of the portable backend. */
import type { DType } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { type Case, check, expected, geometryOf, kinds, run } from './convolution-cases.js';
import { emulated } from './emulated.js';

const backend = emulated();

const cases: Record<string, Case> = {
  'a single number': { x: [1, 1], w: [1, 1], inputs: 1, outputs: 1, batch: 1 },
  'LeNet 1': { x: [14, 12], w: [5, 5], inputs: 1, outputs: 20, batch: 2 },
  'LeNet 2': { x: [8, 8], w: [5, 5], inputs: 6, outputs: 10, batch: 3, flip: false },
  'one dimension': { x: [23], w: [4], inputs: 3, outputs: 7, batch: 2 },
  'one dimension, stride 3, dilation 2': { x: [50], w: [4], inputs: 2, outputs: 5, batch: 2, padding: [2], stride: [3], dilation: [2] },
  'one dimension, filter longer than x': { x: [3], w: [9], inputs: 2, outputs: 6, batch: 2, padding: [4] },
  'stride 2': { x: [9, 8], w: [3, 3], inputs: 6, outputs: 8, batch: 2, padding: [1, 1], stride: [2, 2] },
  'stride longer than the filter': { x: [11, 9], w: [2, 1], inputs: 5, outputs: 6, batch: 2, stride: [4, 3], alpha: -2.5 },
  'stride and dilation with a common factor': {
    x: [17, 15],
    w: [3, 2],
    inputs: 5,
    outputs: 5,
    batch: 2,
    padding: [3, 1],
    stride: [4, 3],
    dilation: [6, 3],
  },
  'stride and filter longer than x': {
    x: [3, 2],
    w: [5, 4],
    inputs: 5,
    outputs: 6,
    batch: 2,
    padding: [4, 3],
    stride: [7, 5],
    flip: false,
  },
  patches: { x: [8, 12], w: [4, 4], inputs: 3, outputs: 12, batch: 2, stride: [4, 4] },
  'padding wider than the filter': { x: [4, 3], w: [2, 3], inputs: 5, outputs: 6, batch: 2, padding: [5, 4] },
  'three dimensions': { x: [6, 7, 5], w: [3, 2, 3], inputs: 5, outputs: 6, batch: 2 },
  'three dimensions, everything': {
    x: [9, 8, 7],
    w: [3, 2, 3],
    inputs: 4,
    outputs: 12,
    batch: 2,
    padding: [1, 2, 1],
    stride: [2, 1, 3],
    dilation: [1, 2, 1],
    group: 2,
    flip: false,
    alpha: 0.5,
  },
  points: { x: [4, 8], w: [1, 1], inputs: 9, outputs: 40, batch: 4 },
  'two tiles of channels and pixels': { x: [13, 10], w: [2, 1], inputs: 65, outputs: 67, batch: 1 },
  'a full tile': { x: [16, 8], w: [1, 1], inputs: 64, outputs: 64, batch: 1, alpha: 2 },
  'few pixels, many channels': { x: [2, 3], w: [3, 3], inputs: 40, outputs: 33, batch: 1, padding: [1, 1] },
  'many pixels, few channels': { x: [33, 34], w: [3, 3], inputs: 5, outputs: 6, batch: 2, padding: [1, 1] },
  'each channel alone': { x: [9, 10], w: [3, 3], inputs: 5, outputs: 5, batch: 2, padding: [1, 1], group: 5 },
  'each channel alone, many pixels': { x: [25, 24], w: [3, 2], inputs: 2, outputs: 2, batch: 2, group: 2, alpha: 0.75 },
  'each channel alone, stride 2': {
    x: [9, 10],
    w: [3, 2],
    inputs: 5,
    outputs: 10,
    batch: 2,
    padding: [1, 0],
    stride: [2, 2],
    group: 5,
    flip: false,
  },
  'groups of three': { x: [5, 6], w: [2, 2], inputs: 12, outputs: 12, batch: 3, group: 4 },
  'one channel of long sums': { x: [2, 2], w: [2, 2], inputs: 90, outputs: 1, batch: 3 },
  'one channel of x, many weights': { x: [20, 21], w: [9, 9], inputs: 1, outputs: 3, batch: 2 },
  // Numbers beyond 32 bits, so that all positions have 64.
  'a stride beyond 32 bits': { x: [9, 6], w: [3, 2], inputs: 5, outputs: 6, batch: 2, padding: [1, 0], stride: [2 ** 33, 1] },
  'a dilation beyond 32 bits': { x: [6, 7], w: [1, 3], inputs: 5, outputs: 33, batch: 2, dilation: [2 ** 33, 1], flip: false },
  'a dilation beyond 32 bits, each channel alone': {
    x: [6, 7],
    w: [1, 3],
    inputs: 3,
    outputs: 3,
    batch: 2,
    dilation: [2 ** 33, 1],
    stride: [2, 2],
    group: 3,
  },
};

describe.each(['float32', 'float64', 'float16'] as DType[])('%s', dtype => {
  it.each(Object.keys(cases))('%s', name => {
    const g = geometryOf(cases[name]!);
    for (const kind of kinds) check(backend, kind, g, dtype);
  });

  // Where four numbers can be written at once, if their count allows it.
  it.each(['points', 'a full tile', 'patches', 'three dimensions', 'stride 2'])('%s, aligned', name => {
    const g = geometryOf(cases[name]!);
    for (const kind of kinds) check(backend, kind, g, dtype, 4);
  });
});

it('rounds halves once', () => {
  // 2049 equal numbers have no sum in half precision if each one is added there.
  const g = geometryOf({ x: [2049], w: [2049], inputs: 1, outputs: 5, batch: 1 });
  for (const [i, value] of run(backend, 'forward', g, 'float16').entries()) {
    expect(Math.abs(value - expected('forward', g, 'float16')[i]!)).toBeLessThan(2 ** -6);
  }
});
