import { array, grad, type KnetArray, memory, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { accuracy, bce, type Labels, logistic, logp, nll, softmaxLoss } from '../src/index.js';
import { expectClose, expectGradient, normal, numbers, useCpu } from './support.js';

const scores = (): KnetArray => normal([4, 5]);
const labels = [3, 0, -1, 2, 1];
const forms: [string, () => Labels][] = [
  ['a list', () => labels],
  ['an Int32Array', () => Int32Array.from(labels)],
  ['an int32 array', () => array(Int32Array.from(labels))],
  ['a float array', () => array(labels)],
];

describe('losses', () => {
  beforeEach(useCpu);

  it.each(forms)('nll and accuracy take %s', (_, make) => {
    const x = scores();
    const logs = numbers(logp(x, { dims: 0 }));
    const total = -(logs[3]! + logs[4]! + logs[14]! + logs[17]!);
    expectClose(numbers(nll(x, make())), [total / 4]);
    expectClose(numbers(nll(x, make(), { average: false })), [total]);
    expectClose(numbers(nll(x.transpose(), make(), { dims: 1 })), [total / 4]);
    expectClose(numbers(nll(x.astype('float32'), make())), [total / 4], 1e-6);
    expect(nll(x, make()).shape).toEqual([]);
    expectGradient((a: KnetArray) => nll(a, make()), [x]);
    expectGradient((a: KnetArray) => nll(a, make(), { dims: 1, average: false }), [x.transpose()]);

    const best = [0, 1, 2, 3, 4].map(j => {
      const column = numbers(x).slice(4 * j, 4 * j + 4);
      return column.indexOf(Math.max(...column));
    });
    const right = best.filter((b, j) => b === labels[j]).length;
    expect(numbers(accuracy(x, make(), { average: false }))).toEqual([right]);
    expectClose(numbers(accuracy(x, make())), [right / 4], 1e-7);
    expectClose(numbers(accuracy(x.transpose(), make(), { dims: 1 })), [right / 4], 1e-7);
  });

  it('accuracy counts what is right', () => {
    const x = array([
      [1, 0, 0, 9],
      [0, 2, 3, 1],
    ]);
    expect(numbers(accuracy(x, [0, 1, 0, 0]))).toEqual([0.75]);
    expect(numbers(accuracy(x, [0, 1, -1, 0]))).toEqual([1]);
    expect(numbers(accuracy(x, array([1, 1, 0, -1]), { average: false }))).toEqual([1]);
    grad((a: KnetArray) => {
      expect(accuracy(a, [0, 1, 0, 0]).itemSync()).toBe(0.75);
      return a.sum();
    })(x);
  });

  it('nll takes scores of any rank', () => {
    const x = normal([2, 3, 4]);
    const list = Array.from({ length: 8 }, (_, i) => (i % 4) - 1);
    const logs = numbers(logp(x, { dims: 1 }));
    let total = 0;
    list.forEach((label, i) => {
      if (label >= 0) total -= logs[(i % 2) + 2 * (label + 3 * Math.floor(i / 2))]!;
    });
    expectClose(numbers(nll(x, list, { dims: 1, average: false })), [total]);
    expectClose(numbers(nll(x, array(list, { dtype: 'int32' }), { dims: -2, average: false })), [total]);
    expectClose(numbers(nll(normal([3]), [1])), [-numbers(logp(normal([3])))[1]!]);
  });

  it('refuses labels that are no class', () => {
    expect(() => nll(scores(), [0, 1, 2, 3, 4])).toThrow(/label 4 of instance 4 is none of the 4 classes 0 to 3/);
    expect(() => nll(scores(), [0, 1, 2, 3, -2])).toThrow(/label -2/);
    expect(() => accuracy(scores(), [0.5, 1, 2, 3, 1])).toThrow(/accuracy: label 0.5/);
    expect(() => nll(scores(), [0, 1])).toThrow(/2 labels for 5 instances.*\[4, 5\]/);
    for (const average of [true, false]) expect(numbers(nll(scores(), array([0, 1, 2, 3, 4]), { average }))).toEqual([Number.NaN]);
  });

  it('softmaxLoss is nll of one-hot columns', () => {
    const gold = array([
      [0, 1],
      [0, 0],
      [1, 0],
    ]).astype('float64');
    const x = normal([3, 2]);
    expectClose(numbers(softmaxLoss(x, gold)), numbers(nll(x, [2, 0])));
    expectClose(numbers(softmaxLoss(x, gold, { average: false })), numbers(nll(x, [2, 0], { average: false })));
    expectClose(numbers(softmaxLoss(x.transpose(), gold.transpose(), { dims: 1 })), numbers(nll(x, [2, 0])));
    expectGradient((a: KnetArray) => softmaxLoss(a, gold), [x]);
    expect(() => softmaxLoss(x, zeros([2, 2]))).toThrow(/\[3, 2\].*\[2, 2\]/);
  });

  it('bce and logistic are one loss with other labels', () => {
    const x = normal([6]).mul(3);
    const y = array([0, 1, 1, 0, 1, 0]).astype('float64');
    const values = numbers(x);
    const each = values.map((s, i) => Math.log(1 + Math.exp((numbers(y)[i] === 1 ? -1 : 1) * s)));
    const total = each.reduce((a, b) => a + b, 0);
    expectClose(numbers(bce(x, y)), [total / 6]);
    expectClose(numbers(bce(x, y, { average: false })), [total]);
    expectClose(numbers(logistic(x, y.mul(2).sub(1))), [total / 6]);
    expectClose(numbers(logistic(x, y.mul(2).sub(1), { average: false })), [total]);
    expectGradient((a: KnetArray) => bce(a, y), [x]);
    expectGradient((a: KnetArray) => logistic(a, y.mul(2).sub(1)), [x]);
    expectClose(numbers(bce(array([1000, -1000]), array([0, 0]), { average: false })), [1000]);
    expect(() => bce(x, zeros([5]))).toThrow(/bce/);
    expect(() => logistic(x, zeros([5]))).toThrow(/logistic/);
  });

  it('leaves nothing behind', () => {
    const x = normal([100, 64]);
    const device = array(Int32Array.from({ length: 64 }, (_, i) => i));
    const list = Array.from({ length: 64 }, (_, i) => i);
    const step = grad((a: KnetArray) => nll(a, list).add(nll(a, device)));
    step(x).dispose();
    const before = memory().live;
    for (let i = 0; i < 3; i++) step(x).dispose();
    expect(memory().live).toBe(before);
  });
});
