import { array, grad, gradloss, type KnetArray, memory, ones, seed, sum, value } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { dropout } from '../src/index.js';
import { expectGradient, normal, numbers, useCpu } from './support.js';

describe('dropout', () => {
  beforeEach(useCpu);

  it('acts only while recording', () => {
    const x = ones([1000]);
    expect(dropout(x, 0.5)).toBe(x);
    let kept: number[] = [];
    const slope = grad((a: KnetArray) => {
      const y = dropout(a, 0.4);
      kept = numbers(value(y));
      expect(numbers(dropout(value(a), 0.4))).toEqual(numbers(x));
      return sum(y);
    })(x);
    const ratio = kept.filter(v => v !== 0).length / 1000;
    expect(ratio).toBeGreaterThan(0.53);
    expect(ratio).toBeLessThan(0.67);
    expect(new Set(kept)).toEqual(new Set([0, Math.fround(1 / 0.6)]));
    // The gradient of the sum is the mask itself.
    expect(numbers(slope)).toEqual(kept);
  });

  it('repeats with a seed', () => {
    const x = normal([50]);
    const run = grad((a: KnetArray) => sum(dropout(a, 0.5, { seed: 3 })));
    expect(numbers(run(x))).toEqual(numbers(run(x)));
    const free = grad((a: KnetArray) => sum(dropout(a, 0.5)));
    expect(numbers(free(x))).not.toEqual(numbers(free(x)));
    seed(9);
    const first = numbers(free(x));
    seed(9);
    expect(numbers(free(x))).toEqual(first);
    expectGradient((a: KnetArray) => dropout(a, 0.3, { seed: 5, training: true }).mul(a), [x]);
  });

  it('is the identity for 0 and zeros for 1', () => {
    const x = array([1, Infinity]);
    const [slope, y] = gradloss((a: KnetArray) => sum(dropout(a, 1)))(x);
    expect([numbers(slope), y.itemSync()]).toEqual([[0, 0], 0]);
    expect(numbers(grad((a: KnetArray) => sum(dropout(a, 0)))(x))).toEqual([1, 1]);
    for (const p of [-0.1, 1.1, Number.NaN]) expect(() => dropout(x, p)).toThrow(/dropout: .*\[0, 1\]/);
  });

  it('leaves nothing behind', () => {
    const x = ones([4096]);
    const step = grad((a: KnetArray) => sum(dropout(a, 0.5)));
    step(x).dispose();
    const before = memory().live;
    for (let i = 0; i < 3; i++) step(x).dispose();
    expect(memory().live).toBe(before);
  });
});
