import { array, astype, grad, type KnetArray, sum, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { CONVOLUTION, type ConvolutionOptions, CROSS_CORRELATION, conv4, deconv4 } from '../src/index.js';
import { counting, devices, expectClose, expectGradient, normal, numbers } from './support.js';

/** Convolution by its definition, in plain loops. */
function reference(
  w: KnetArray,
  x: KnetArray,
  y: readonly number[],
  o: Required<Pick<ConvolutionOptions, 'mode' | 'group'>> & Lists,
): number[] {
  const rank = x.ndim - 2;
  const [ws, xs] = [numbers(w), numbers(x)];
  const at = (shape: readonly number[], position: readonly number[]): number => position.reduceRight((sum, p, d) => sum * shape[d]! + p, 0);
  const result: number[] = [];
  each(y, position => {
    const [channel, instance] = position.slice(rank) as [number, number];
    const perIn = w.shape[rank]!;
    const first = Math.floor(channel / (w.shape[rank + 1]! / o.group)) * perIn;
    let s = 0;
    each(w.shape.slice(0, rank), tap => {
      const place = tap.map(
        (k, d) => position[d]! * o.stride[d]! - o.padding[d]! + (o.mode === 0 ? w.shape[d]! - 1 - k : k) * o.dilation[d]!,
      );
      if (place.some((p, d) => p < 0 || p >= x.shape[d]!)) return;
      for (let i = 0; i < perIn; i++) s += ws[at(w.shape, [...tap, i, channel])]! * xs[at(x.shape, [...place, first + i, instance])]!;
    });
    result.push(s);
  });
  return result;
}

interface Lists {
  readonly padding: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

function each(shape: readonly number[], f: (position: number[]) => void): void {
  const size = shape.reduce((n, m) => n * m, 1);
  for (let i = 0; i < size; i++) {
    let rest = i;
    const position = shape.map(n => {
      const at = rest % n;
      rest = Math.floor(rest / n);
      return at;
    });
    f(position);
  }
}

const cases: { w: number[]; x: number[]; options: ConvolutionOptions; lists: Lists }[] = [
  { w: [3, 2, 4], x: [9, 2, 3], options: { padding: 1, stride: 2 }, lists: { padding: [1], stride: [2], dilation: [1] } },
  { w: [3, 2, 2, 5], x: [6, 7, 2, 2], options: {}, lists: { padding: [0, 0], stride: [1, 1], dilation: [1, 1] } },
  {
    w: [2, 3, 3, 4],
    x: [8, 9, 3, 2],
    options: { padding: [1, 2], stride: [2, 1], dilation: [3, 2] },
    lists: { padding: [1, 2], stride: [2, 1], dilation: [3, 2] },
  },
  { w: [1, 1, 3, 2], x: [4, 1, 3, 1], options: {}, lists: { padding: [0, 0], stride: [1, 1], dilation: [1, 1] } },
  {
    w: [2, 1, 3, 2, 2],
    x: [3, 4, 5, 2, 2],
    options: { padding: [0, 0, 1], stride: [1, 2, 1] },
    lists: { padding: [0, 0, 1], stride: [1, 2, 1], dilation: [1, 1, 1] },
  },
];

describe.each(devices)('conv4 %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it('gives the results of the manual', () => {
    const w = counting(3, 1, 1, 1);
    const x = counting(7, 1, 1, 1);
    expect(numbers(conv4(w, x))).toEqual([10, 16, 22, 28, 34]);
    expect(conv4(w, x).shape).toEqual([5, 1, 1, 1]);
    expect(numbers(conv4(w, x, { padding: [1, 0] }))).toEqual([4, 10, 16, 22, 28, 34, 32]);
    expect(numbers(conv4(w, x, { padding: [1, 0], stride: 3 }))).toEqual([4, 22, 32]);
    expect(numbers(conv4(w, x, { mode: CROSS_CORRELATION }))).toEqual([14, 20, 26, 32, 38]);
    expect(numbers(conv4(counting(2, 2, 1, 1), counting(3, 3, 1, 1)))).toEqual([23, 33, 53, 63]);
    expect(numbers(conv4(w, x, { alpha: 2 }))).toEqual([20, 32, 44, 56, 68]);
  });

  it.each(cases)('agrees with its definition: $w, $x', ({ w, x, options, lists }) => {
    for (const mode of [CONVOLUTION, CROSS_CORRELATION]) {
      const [ws, xs] = [normal(w), normal(x, 8)];
      const y = conv4(ws, xs, { ...options, mode });
      expectClose(numbers(y), reference(ws, xs, y.shape, { ...lists, mode, group: 1 }));
      const single = conv4(astype(ws, 'float32'), astype(xs, 'float32'), { ...options, mode });
      expect(single.dtype).toBe('float32');
      expectClose(numbers(single), numbers(y), 1e-5);
    }
  });

  it.each(cases)('has derivatives of both orders: $w, $x', ({ w, x, options }) => {
    expectGradient((a: KnetArray, b: KnetArray) => conv4(a, b, { ...options, alpha: 0.5 }), [normal(w), normal(x, 8)]);
  });

  it('keeps groups apart', () => {
    const [w, x] = [normal([3, 2, 2, 6]), normal([5, 4, 4, 2], 3)];
    const options = { group: 2, padding: 1 };
    const y = conv4(w, x, options);
    expect(y.shape).toEqual([5, 5, 6, 2]);
    const lists = { padding: [1, 1], stride: [1, 1], dilation: [1, 1] };
    expectClose(numbers(y), reference(w, x, y.shape, { ...lists, mode: 0, group: 2 }));
    expectGradient((a: KnetArray, b: KnetArray) => conv4(a, b, options), [w, x]);
  });

  it('takes no channels and no instances', () => {
    expect(conv4(zeros([3, 3, 2, 4]), zeros([5, 5, 2, 0])).shape).toEqual([3, 3, 4, 0]);
    expect(numbers(conv4(zeros([1, 0, 2]), zeros([2, 0, 1])))).toEqual([0, 0, 0, 0]);
    const f = (w: KnetArray, x: KnetArray): KnetArray => sum(conv4(w, x));
    expect(numbers(grad(f)(zeros([1, 1, 2]), zeros([3, 1, 0])))).toEqual([0, 0]);
  });

  it('explains what does not fit', () => {
    const x = zeros([7, 7, 3, 2]);
    expect(() => conv4(zeros([3, 3, 4, 1]), x)).toThrow(/takes 4 channels.*\[7, 7, 3, 2\] has 3/);
    expect(() => conv4(zeros([9, 3, 3, 1]), x)).toThrow(/does not fit into x of shape \[7, 7, 3, 2\]/);
    expect(() => conv4(zeros([3, 3, 1]), x)).toThrow(/\[3, 3, 1\] and \[7, 7, 3, 2\]/);
    expect(() => conv4(zeros([3, 3, 3, 1]), x, { padding: [1, 1, 1] })).toThrow(/padding has 3 numbers for 2/);
    expect(() => conv4(zeros([3, 3, 3, 1]), x, { stride: 0 })).toThrow(/stride must be whole numbers of 1 or more/);
    expect(() => conv4(zeros([3, 3, 3, 1]), x, { padding: -1 })).toThrow(/padding/);
    expect(() => conv4(zeros([3, 3, 3, 1]), x, { dilation: 1.5 })).toThrow(/dilation/);
    expect(() => conv4(zeros([3, 3, 3, 1]), x, { mode: 2 })).toThrow(/mode/);
    expect(() => conv4(zeros([3, 3, 1, 4]), x, { group: 3 })).toThrow(/4 output channels/);
    expect(() => conv4(zeros([3, 3, 3, 1], { dtype: 'int32' }), x)).toThrow(/int32/);
  });
});

describe.each(devices)('deconv4 %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it('is the transpose of conv4', () => {
    for (const options of [{}, { stride: 2, padding: 1, dilation: 2 }, { mode: CROSS_CORRELATION, stride: [3, 1] }]) {
      const w = normal([3, 2, 4, 5]);
      const x = normal([5, 6, 5, 2], 2);
      const y = deconv4(w, x, options);
      const other = normal(y.shape, 3);
      // <deconv4(w, x), other> = <x, conv4(w, other)>
      expectClose(numbers(sum(y.mul(other))), numbers(sum(conv4(w, other, options).mul(x))), 1e-10);
      expectGradient((a: KnetArray, b: KnetArray) => deconv4(a, b, options), [w, x]);
    }
  });

  it('has the sizes that undo conv4', () => {
    expect(deconv4(zeros([3, 2, 4, 5]), zeros([5, 6, 5, 2]), { stride: [2, 3], padding: 1 }).shape).toEqual([9, 15, 4, 2]);
    expect(numbers(deconv4(array([1, 2]).reshape(2, 1, 1), array([1, 10]).reshape(2, 1, 1), { mode: 1 }))).toEqual([1, 12, 20]);
    expect(numbers(deconv4(array([1, 2]).reshape(2, 1, 1), array([1, 10]).reshape(2, 1, 1)))).toEqual([2, 21, 10]);
    expect(deconv4(zeros([2, 2, 3, 4]), zeros([3, 3, 4, 1]), { group: 2 }).shape).toEqual([4, 4, 6, 1]);
    expect(() => deconv4(zeros([3, 3, 4, 5]), zeros([5, 6, 4, 2]))).toThrow(/takes 5 channels.*has 4/);
    expect(() => deconv4(zeros([1, 1, 1, 1]), zeros([1, 1, 1, 1]), { padding: 1 })).toThrow(/empty size/);
  });
});
