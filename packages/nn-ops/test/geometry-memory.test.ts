import { useBackend, zeros } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';
import { convolutionGeometry, deconvolutionGeometry } from '../src/convolution-geometry.js';
import { poolingOf, unpoolingOf } from '../src/pooling-geometry.js';

useBackend(cpuBackend());
const w = zeros([3, 3, 2, 4]);
const x = zeros([8, 7, 2, 5]);

it('gives the same geometry for the same sizes and options, however they are written', () => {
  const geometry = convolutionGeometry(w, x, {});
  expect(convolutionGeometry(zeros([3, 3, 2, 4]), zeros([8, 7, 2, 5]), { padding: 0, stride: 1, alpha: 1 })).toBe(geometry);
  expect(poolingOf(x, { window: 2 })).toBe(poolingOf(zeros([8, 7, 2, 5]), {}));
});

it('tells every option apart', () => {
  const padded = convolutionGeometry(w, x, { padding: 1 });
  expect(padded.y).toEqual([8, 7]);
  expect(convolutionGeometry(w, x, { stride: 2, padding: 1 }).y).toEqual([4, 4]);
  expect(convolutionGeometry(w, x, { dilation: 2, padding: 1 }).y).toEqual([6, 5]);
  expect(convolutionGeometry(w, x, { padding: [1, 0] }).y).toEqual([8, 5]);
  expect(convolutionGeometry(w, x, { padding: [0, 1] }).y).toEqual([6, 7]);
  expect(convolutionGeometry(w, x, { padding: 1, mode: 1 }).flip).toBe(false);
  expect(convolutionGeometry(w, x, { padding: 1, alpha: 0.5 }).alpha).toBe(0.5);
  expect(convolutionGeometry(w, x, { padding: 1 })).toBe(padded);
  expect(deconvolutionGeometry(zeros([3, 3, 4, 2]), x, {}).x).toEqual([10, 9]);
  expect(poolingOf(x, { window: 3, stride: 2 }).geometry.y).toEqual([3, 3]);
  expect(poolingOf(x, { mode: 1 }).mode).toBe(1);
  expect(unpoolingOf(x, {}).geometry.x).toEqual([16, 14]);
});

it('complains each time about what does not fit', () => {
  for (let i = 0; i < 2; i++) {
    expect(() => convolutionGeometry(w, x, { padding: [1] })).toThrow(/padding has 1 numbers for 2 spatial dimensions/);
    expect(() => convolutionGeometry(w, zeros([8, 7, 2, 5], { dtype: 'int32' }), {})).toThrow(/expected float arrays/);
    expect(() => poolingOf(x, { window: 10, stride: 1 })).toThrow(/does not fit into x of shape/);
  }
});
