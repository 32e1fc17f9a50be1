import { array, type KnetArray } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { logp, logsoftmax, logsumexp, mat, softmax } from '../src/index.js';
import { devices, expectClose, expectGradient, normal, numbers } from './support.js';

const reference = (x: number[]): number[] => {
  const sum = x.reduce((s, v) => s + Math.exp(v), 0);
  return x.map(v => v - Math.log(sum));
};

describe.each(devices)('softmax %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it('normalises over dimensions', () => {
    const x = normal([4, 3]);
    const values = numbers(x);
    const columns = [0, 1, 2].flatMap(j => reference(values.slice(4 * j, 4 * j + 4)));
    expectClose(numbers(logp(x, { dims: 0 })), columns);
    expectClose(numbers(softmax(x, { dims: 0 })), columns.map(Math.exp));
    expectClose(numbers(logp(x)), reference(values));
    expectClose(numbers(softmax(x, { dims: [0, 1] })), reference(values).map(Math.exp));
    const rows = reference([0, 1, 2].map(j => values[1 + 4 * j]!));
    expectClose(
      [0, 1, 2].map(j => numbers(logp(x, { dims: -1 }))[1 + 4 * j]!),
      rows,
    );
    expectClose(numbers(logp(x.astype('float32'), { dims: 0 })), columns, 1e-6);
    expectClose(numbers(logsumexp(x)), [values[0]! - reference(values)[0]!]);
    expect(logsoftmax).toBe(logp);
  });

  it.each([[undefined], [0], [1], [[0, 2]]])('has derivatives, dims %s', dims => {
    const options = dims === undefined ? {} : { dims };
    const x = normal([3, 4, 2]);
    for (const f of [logp, softmax, logsumexp]) expectGradient((a: KnetArray) => f(a, options), [x]);
  });

  it('loses nothing with large scores', () => {
    const x = array([10000, 10001, 9999]);
    expectClose(numbers(logp(x)), reference([0, 1, -1]), 1e-6);
    expectClose(numbers(softmax(array([-Infinity, 0, 0]))), [0, 0.5, 0.5]);
    expect(numbers(logp(array([1000, -1000])))).toEqual([0, -2000]);
  });

  it('takes single elements and nothing', () => {
    expect(numbers(logp(array([[5, 7]]), { dims: 0 }))).toEqual([0, 0]);
    expect(logp(array([]).reshape(0, 3), { dims: 0 }).shape).toEqual([0, 3]);
  });

  it('mat makes matrices', () => {
    expect(mat(normal([2, 3, 4, 5])).shape).toEqual([24, 5]);
    expect(mat(normal([3])).shape).toEqual([3, 1]);
    expectGradient((a: KnetArray) => mat(a), [normal([2, 3, 2])]);
  });
});
