import { array, diff, grad, type KnetArray, memory, param, sum, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { batchnorm, bnmoments, bnparams, layernorm } from '../src/index.js';
import { expectClose, expectGradient, normal, numbers, useCpu } from './support.js';

const stats = (x: number[]): [mean: number, variance: number] => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return [mean, x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length];
};

/** Elements of channel c of `[2, 3, C, N]` by position. */
const inChannel =
  (c: number, channels: number) =>
  (_: number, i: number): boolean =>
    Math.floor(i / 6) % channels === c;

describe('batchnorm', () => {
  beforeEach(useCpu);

  it('normalises channels with the statistics of the batch', () => {
    const x = normal([2, 3, 4, 5]).mul(3).add(2);
    const params = normal([8], 3);
    const y = numbers(batchnorm(x, null, params, { training: true, eps: 1e-3 }));
    for (let c = 0; c < 4; c++) {
      const values = numbers(x).filter(inChannel(c, 4));
      const [mean, variance] = stats(values);
      const [scale, shift] = [numbers(params)[c]!, numbers(params)[4 + c]!];
      expectClose(
        y.filter(inChannel(c, 4)),
        values.map(v => ((v - mean) / Math.sqrt(variance + 1e-3)) * scale + shift),
      );
    }
    const flat = batchnorm(normal([3, 7]), undefined, undefined, { training: true });
    for (let c = 0; c < 3; c++) {
      const [mean, variance] = stats(numbers(flat).filter((_, i) => i % 3 === c));
      expectClose([mean, variance], [0, 1], 1e-4);
    }
  });

  it('has derivatives', () => {
    const f = (x: KnetArray, params: KnetArray): KnetArray => batchnorm(x, bnmoments(), params, { training: true });
    expectGradient(f, [normal([2, 2, 2, 3]), normal([4], 3)]);
    expectGradient(f, [normal([3, 4]), normal([6], 3)]);
    const known = bnmoments({ mean: normal([3], 1), variance: array([0.5, 1, 2], { dtype: 'float64' }) });
    expectGradient((x: KnetArray) => batchnorm(x, known, null, { training: false }), [normal([3, 4])]);
  });

  it('keeps running moments and uses them when it is not trained', () => {
    const moments = bnmoments();
    const params = bnparams(3, { dtype: 'float64' });
    const [mean, variance] = [
      [0, 0, 0],
      [1, 1, 1],
    ] as [number[], number[]];
    const x = normal([2, 3, 3, 4]).add(1);
    const step = grad((p: KnetArray) => sum(batchnorm(x, moments, p, { momentum: 0.3 })));
    for (let i = 0; i < 4; i++) {
      step(params);
      for (let c = 0; c < 3; c++) {
        const [m, v] = stats(numbers(x).filter(inChannel(c, 3)));
        mean[c] = 0.7 * mean[c]! + 0.3 * m;
        variance[c] = 0.7 * variance[c]! + (0.3 * v * 24) / 23;
      }
    }
    expectClose(numbers(moments.mean!), mean);
    expectClose(numbers(moments.variance!), variance);
    const y = numbers(batchnorm(x, moments, params));
    numbers(x).forEach((v, i) => {
      const c = Math.floor(i / 6) % 3;
      expectClose([y[i]!], [(v - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)]);
    });
    expectClose(numbers(moments.mean!), mean);
  });

  it('trains with param and diff, twice with the same moments', () => {
    const moments = bnmoments();
    const p = param(bnparams(2));
    const x = array([
      [1, 2, 3],
      [4, 6, 8],
    ]);
    const J = diff(() => sum(batchnorm(batchnorm(x, moments, p), moments, p)));
    expect(J.grad(p).shape).toEqual([4]);
    expectClose(numbers(moments.mean!), [0.9 * 0.2, 0.9 * 0.6], 1e-6);
  });

  it('leaves nothing behind', () => {
    const moments = bnmoments();
    const x = normal([5, 5, 3, 8]);
    const step = grad((a: KnetArray, p: KnetArray) => sum(batchnorm(a, moments, p).abs2()));
    const p = bnparams(3, { dtype: 'float64' });
    step(x, p).dispose();
    const before = memory().live;
    for (let i = 0; i < 3; i++) step(x, p).dispose();
    expect(memory().live).toBe(before);
  });

  it('explains what does not fit', () => {
    const x = zeros([2, 3, 4, 5]);
    expect(() => batchnorm(x, bnmoments())).toThrow(/no running moments/);
    expect(() => batchnorm(x, bnmoments({ mean: zeros([3]) }))).toThrow(/moments of shape \[3\] for the 4 channels/);
    expect(() => batchnorm(x, null, zeros([4]), { training: true })).toThrow(/params of shape \[4\].*bnparams\(4\)/);
    expect(() => batchnorm(zeros([4]), null)).toThrow(/batchnorm/);
  });
});

describe('layernorm', () => {
  beforeEach(useCpu);

  it('normalises instances', () => {
    const x = normal([4, 3]).mul(2).add(1);
    const params = normal([8], 3);
    const [y, plain] = [numbers(layernorm(x, params)), numbers(layernorm(x))];
    for (let j = 0; j < 3; j++) {
      const values = numbers(x).slice(4 * j, 4 * j + 4);
      const [mean, variance] = stats(values);
      const expected = values.map(v => (v - mean) / Math.sqrt(variance + 1e-5));
      expectClose(plain.slice(4 * j, 4 * j + 4), expected);
      expectClose(
        y.slice(4 * j, 4 * j + 4),
        expected.map((v, i) => v * numbers(params)[i]! + numbers(params)[4 + i]!),
      );
    }
    expectGradient((a: KnetArray, p: KnetArray) => layernorm(a, p), [x, params]);
    expectGradient((a: KnetArray) => layernorm(a, null, { dims: [0, -1] }), [normal([2, 3, 2])]);
    expect(() => layernorm(x, zeros([4]))).toThrow(/layernorm: params of shape \[4\]/);
  });
});
