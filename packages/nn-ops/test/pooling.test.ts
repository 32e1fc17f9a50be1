import { array, copy, full, grad, KnetArray, mul, primitive, sum, value, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { AVERAGE_EXCLUDE_PADDING, AVERAGE_INCLUDE_PADDING, MAX, type PoolingOptions, pool, relu, unpool } from '../src/index.js';
import { counting, devices, expectClose, expectGradient, normal, numbers } from './support.js';

const modes = [MAX, AVERAGE_INCLUDE_PADDING, AVERAGE_EXCLUDE_PADDING];

/** Pooling of one plane `[n1, n2]` by its definition. */
function reference(x: number[], [n1, n2]: [number, number], window: number, stride: number, padding: number, mode: number): number[] {
  const count = (n: number): number => 1 + Math.trunc((n + 2 * padding - window) / stride);
  const result: number[] = [];
  for (let j = 0; j < count(n2); j++) {
    for (let i = 0; i < count(n1); i++) {
      const real: number[] = [];
      let positions = 0;
      for (let q = j * stride - padding; q < Math.min(j * stride - padding + window, n2 + padding); q++) {
        for (let p = i * stride - padding; p < Math.min(i * stride - padding + window, n1 + padding); p++) {
          positions++;
          if (p >= 0 && p < n1 && q >= 0 && q < n2) real.push(x[p + n1 * q]!);
        }
      }
      const total = real.reduce((a, b) => a + b, 0);
      result.push(mode === MAX ? Math.max(...real) : total / (mode === AVERAGE_INCLUDE_PADDING ? positions : real.length));
    }
  }
  return result;
}

describe.each(devices)('pool %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it('gives the results of the manual', () => {
    const x = counting(6, 1, 1, 1);
    expect(pool(x).shape).toEqual([3, 1, 1, 1]);
    expect(numbers(pool(x))).toEqual([2, 4, 6]);
    expect(numbers(pool(x, { window: 3 }))).toEqual([3, 6]);
    expect(numbers(pool(x, { padding: [1, 0] }))).toEqual([1, 3, 5, 6]);
    expect(numbers(pool(x, { padding: [1, 0], mode: 1 }))).toEqual([0.5, 2.5, 4.5, 3]);
    expect(numbers(pool(x, { padding: [1, 0], mode: 2 }))).toEqual([1, 2.5, 4.5, 6]);
    expect(numbers(pool(counting(10, 1, 1, 1), { stride: 4 }))).toEqual([2, 6, 10]);
    expect(numbers(pool(counting(4, 4, 1, 1)))).toEqual([6, 8, 14, 16]);
    expect(numbers(pool(x, { alpha: 10 }))).toEqual([20, 40, 60]);
  });

  it.each([
    [2, 2, 0],
    [3, 2, 1],
    [3, 1, 2],
    [2, 3, 1],
    [9, 9, 0],
    [4, 2, 3],
  ])('agrees with its definition: window %i, stride %i, padding %i', (window, stride, padding) => {
    for (const mode of modes) {
      const x = normal([7, 8, 3, 2]).sub(5);
      const y = pool(x, { window, stride, padding, mode });
      const planes = numbers(x);
      const expected = Array.from({ length: 6 }, (_x, p) =>
        reference(planes.slice(56 * p, 56 * p + 56), [7, 8], window, stride, padding, mode),
      );
      expectClose(numbers(y), expected.flat());
      expectGradient((a: KnetArray) => mul(pool(a, { window, stride, padding, mode, alpha: 2 }), a.slice(0, 0, 0, 0)), [x]);
    }
  });

  it('pools lines and volumes', () => {
    expect(numbers(pool(counting(5, 1, 2)))).toEqual([2, 4, 7, 9]);
    expect(numbers(pool(counting(2, 2, 4, 1, 1)))).toEqual([8, 16]);
    for (const mode of modes) expectGradient((a: KnetArray) => pool(a, { mode, padding: [1, 0, 1] }), [normal([3, 4, 2, 2, 1])]);
  });

  it('gives a tie to the first element, and keeps infinities', () => {
    const x = array([1, 3, 3, 2]).reshape(4, 1, 1);
    expect(numbers(grad((a: KnetArray) => sum(pool(a, { window: 4 })))(x))).toEqual([0, 1, 0, 0]);
    const low = array([-Infinity, -Infinity]).reshape(2, 1, 1);
    expect(numbers(pool(low, { padding: 1 }))).toEqual([-Infinity, -Infinity]);
    expect(numbers(grad((a: KnetArray) => sum(pool(a, { padding: 1 })))(low))).toEqual([1, 1]);
  });

  it('agrees in float32 and pools whole numbers', () => {
    const x = normal([12, 11, 4, 3]);
    for (const mode of modes) {
      const single = pool(x.astype('float32'), { mode, window: 3, stride: 2, padding: 1 });
      expect(single.dtype).toBe('float32');
      expectClose(numbers(single), numbers(pool(x, { mode, window: 3, stride: 2, padding: 1 })), 1e-6);
    }
    const whole = array(Int32Array.from([1, 2, -5, -6]), { shape: [4, 1, 1] });
    expect(numbers(pool(whole, { padding: 1 }))).toEqual([1, 2, -6]);
    expect(numbers(pool(whole, { mode: 1 }))).toEqual([1.5, -5.5]);
  });

  it('takes no instances', () => {
    for (const mode of modes) {
      expect(pool(zeros([4, 4, 2, 0]), { mode }).shape).toEqual([2, 2, 2, 0]);
      expect(unpool(zeros([4, 4, 2, 0]), { mode }).shape).toEqual([8, 8, 2, 0]);
      expect(grad((a: KnetArray) => sum(pool(a, { mode })))(zeros([4, 4, 2, 0])).shape).toEqual([4, 4, 2, 0]);
    }
  });

  it('explains what does not fit', () => {
    const x = zeros([6, 6, 1, 1]);
    expect(() => pool(x, { padding: 2 })).toThrow(/padding \[2, 2\] must be less than the window \[2, 2\]/);
    expect(() => pool(x, { window: 8, stride: 1 })).toThrow(/does not fit into x of shape \[6, 6, 1, 1\]/);
    expect(() => pool(x, { mode: 3 })).toThrow(/mode/);
    expect(() => pool(x, { window: [2, 2, 2] })).toThrow(/window has 3 numbers/);
    expect(() => pool(x, { stride: 0 })).toThrow(/stride/);
    expect(() => pool(zeros([6, 6]))).toThrow(/\[6, 6\]/);
    expect(() => pool(zeros([0, 6, 1, 1]))).toThrow(/empty/);
  });

  it('unpool is undone by pool', () => {
    const x = normal([3, 4, 2, 2]);
    const list: PoolingOptions[] = [
      {},
      { window: 3 },
      { window: [2, 3], padding: 1 },
      { window: 2, stride: 3 },
      { window: 3, padding: [1, 0] },
      { alpha: 4 },
    ];
    for (const options of list) {
      for (const mode of modes) {
        const y = unpool(x, { ...options, mode });
        const back = pool(y, { ...options, mode });
        expect(back.shape).toEqual(x.shape);
        expectClose(numbers(back), numbers(x));
        expectGradient((a: KnetArray) => unpool(a, { ...options, mode }), [x], 1);
      }
    }
    expect(numbers(unpool(counting(2, 1, 1)))).toEqual([1, 1, 2, 2]);
    expect(unpool(zeros([3, 4, 1, 1]), { window: 3, stride: 2, padding: 1 }).shape).toEqual([5, 7, 1, 1]);
    expect(() => unpool(zeros([1, 1, 1, 1]), { padding: 1 })).toThrow(/empty size/);
  });
});

describe('pooling after relu', () => {
  it.each(devices)('gives what the two give one after the other, %s', (_, use) => {
    use();
    const x = normal([6, 6, 2, 2]);
    const apart = (v: KnetArray): KnetArray => {
      const r = relu<KnetArray>(v);
      r.shape.length > 0 && value(r).dataSync(); // Computed, it is no longer seen through.
      return pool(r);
    };
    expect(numbers(pool(relu(x)))).toEqual(numbers(apart(x)));
    const weighted = (f: (v: KnetArray) => KnetArray) => grad((v: KnetArray) => sum(mul(f(v), normal([3, 3, 2, 2], 3))));
    expect(numbers(weighted(v => pool(relu(v)))(x))).toEqual(numbers(weighted(apart)(x)));
    expectGradient((v: KnetArray) => sum(mul(pool(relu(v)), pool(v))), [x]);
  });

  it('leaves other functions with the elements of relu alone', () => {
    devices[0]![1]();
    // Straight through: the gradient passes as if the function were not there.
    const straight = primitive<(v: KnetArray) => KnetArray>('straight', {
      methods: [[[KnetArray], (v: KnetArray) => relu(v)]],
      derivatives: [() => dy => dy],
    });
    const x = full([2, 2, 1, 1], -1);
    expect(numbers(grad((v: KnetArray) => sum(pool(straight(v))))(x))).toEqual([1, 0, 0, 0]);
    expect(numbers(grad((v: KnetArray) => sum(pool(relu(v))))(x))).toEqual([0, 0, 0, 0]);
  });

  it('sees what relu was given, not what was written there since', () => {
    devices[0]![1]();
    const x = copy(full([2, 2, 1, 1], 3));
    const r = relu<KnetArray>(x);
    x.set([], 5);
    expect(numbers(pool(r))).toEqual([3]);
  });
});
