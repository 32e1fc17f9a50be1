import { array, grad, type KnetArray, type Value } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { elu, gelu, hardswish, invx, leakyRelu, relu, selu, sigm, silu, softplus, tanh } from '../src/index.js';
import { expectClose, expectGradient, normal, numbers, useCpu } from './support.js';

/** The error function by its Taylor series: good to about 1e-12 for the arguments here. */
function erf(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 0; n < 80; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const functions: [name: string, f: (x: never) => Value, reference: (x: number) => number][] = [
  ['relu', relu, x => Math.max(0, x)],
  ['sigm', sigm, sigmoid],
  ['invx', invx, x => 1 / x],
  ['tanh', tanh, Math.tanh],
  ['elu', elu, x => (x > 0 ? x : Math.exp(x) - 1)],
  ['selu', selu, x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.exp(x) - 1))],
  ['gelu', gelu, x => (x * (1 + erf(x / Math.SQRT2))) / 2],
  ['silu', silu, x => x * sigmoid(x)],
  ['hardswish', hardswish, x => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
  ['softplus', softplus, x => Math.log(1 + Math.exp(x))],
  ['leakyRelu', leakyRelu, x => (x > 0 ? x : 0.01 * x)],
];

describe('activations', () => {
  beforeEach(useCpu);

  it.each(functions)('%s: numbers, arrays and derivatives', (_, f, reference) => {
    const call = f as (x: Value) => Value;
    const x = normal([5, 13]).mul(2);
    const expected = numbers(x).map(reference);
    expectClose(numbers(call(x) as KnetArray), expected, 1e-11);
    expectClose(numbers(call(x.astype('float32')) as KnetArray), expected, 2e-6);
    for (const number of [-2.5, -0.3, 0.4, 3.7]) expect(call(number)).toBeCloseTo(reference(number), 12);
    expectGradient(call, [x]);
    expectGradient(call, [0.7]);
    expect((call(array([])) as KnetArray).shape).toEqual([0]);
  });

  it('takes options', () => {
    const x = array([-2, -1, 0, 3], { dtype: 'float64' });
    expectClose(numbers(elu(x, { alpha: 2 })), [2 * Math.expm1(-2), 2 * Math.expm1(-1), 0, 3]);
    expectClose(numbers(leakyRelu(x, { slope: 0.2 })), [-0.4, -0.2, 0, 3]);
    expectGradient((a: KnetArray) => elu(a, { alpha: 2 }), [array([-2, -1, 3], { dtype: 'float64' })]);
    expectGradient((a: KnetArray) => leakyRelu(a, { slope: 0.2 }), [array([-2, -1, 3], { dtype: 'float64' })]);
    expect(elu(-1, { alpha: 3 })).toBeCloseTo(3 * Math.expm1(-1), 14);
  });

  it('has the derivatives of the table at kinks', () => {
    expect(grad((x: number) => relu(x))(0)).toBe(0);
    expect(grad((x: number) => relu(x))(2)).toBe(1);
    const slope = grad((x: KnetArray) => relu(x).sum())(array([-1, 0, 1, 2]));
    expect(numbers(slope)).toEqual([0, 0, 1, 1]);
  });

  it('stays finite at both ends', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = array([-1000, -100, 100, 1000], { dtype });
      expectClose(numbers(sigm(x)), [0, 0, 1, 1], 1e-30);
      expectClose(numbers(softplus(x)), [0, 0, 100, 1000]);
      for (const f of [sigm, softplus, silu, gelu, elu, selu]) {
        const y = numbers(grad((a: KnetArray) => f<KnetArray>(a).sum())(x));
        expect(y.every(Number.isFinite), `${f.primitiveName} ${y}`).toBe(true);
      }
    }
  });
});
