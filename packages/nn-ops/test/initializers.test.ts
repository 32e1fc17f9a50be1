import { seed } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { bilinear, deconv4, gaussian, xavier } from '../src/index.js';
import { counting, expectClose, numbers, useCpu } from './support.js';

describe('initializers', () => {
  beforeEach(useCpu);

  it('xavier is uniform within its limit', () => {
    for (const [shape, fans] of [
      [[40, 60], 100],
      [[5, 5, 8, 12], 25 * 20],
      [[3, 4, 6], 30],
    ] as const) {
      const limit = Math.sqrt(6 / fans);
      for (const gain of [1, 2]) {
        const w = numbers(xavier(shape, { seed: 1, gain })).map(v => v / gain);
        expect(Math.max(...w)).toBeLessThanOrEqual(limit);
        expect(Math.min(...w)).toBeGreaterThanOrEqual(-limit);
        expect(Math.max(...w)).toBeGreaterThan(0.8 * limit);
        expect(Math.min(...w)).toBeLessThan(-0.8 * limit);
      }
    }
    expect(xavier([2, 3], { dtype: 'float64' }).dtype).toBe('float64');
    expect(xavier([0, 3]).shape).toEqual([0, 3]);
    expect(() => xavier([3])).toThrow(/xavier.*\[3\]/);
    seed(4);
    const first = numbers(xavier([3, 3]));
    seed(4);
    expect(numbers(xavier([3, 3]))).toEqual(first);
  });

  it('gaussian has its mean and deviation', () => {
    const w = numbers(gaussian([100, 100], { mean: 3, std: 0.5, seed: 2 }));
    const mean = w.reduce((a, b) => a + b, 0) / w.length;
    expect(Math.abs(mean - 3)).toBeLessThan(0.02);
    const std = Math.sqrt(w.reduce((s, v) => s + (v - mean) ** 2, 0) / w.length);
    expect(Math.abs(std - 0.5)).toBeLessThan(0.02);
  });

  it('bilinear filters interpolate', () => {
    const w = bilinear([4, 4, 2, 2], { dtype: 'float64' });
    const side = [0.25, 0.75, 0.75, 0.25];
    const plane = side.flatMap(a => side.map(b => a * b));
    const none = plane.map(() => 0);
    expectClose(numbers(w), [...plane, ...none, ...none, ...plane]);
    expectClose(numbers(bilinear([3, 1, 1, 1])), [0.5, 1, 0.5]);
    // The middle of an enlarged ramp is a ramp of half the slope.
    const y = numbers(deconv4(bilinear([4, 1, 1, 1], { dtype: 'float64' }), counting(5, 1, 1, 1), { stride: [2, 1], padding: [1, 0] }));
    expectClose(y.slice(1, 9), [1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.25, 4.75]);
    expect(() => bilinear([3, 3])).toThrow(/bilinear/);
  });
});
