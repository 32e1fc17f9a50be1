import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeEach, describe, expect, it } from 'vitest';
import { array, assign, closeScope, grad, type KnetArray, memory, ones, openScope, span, sum, useBackend, zeros } from '../src/index.js';

beforeEach(() => {
  useBackend(cpuBackend());
});

const values = (x: KnetArray) => [...x.dataSync()];

describe('assign', () => {
  it('computes every value before it writes any', () => {
    const [a, b] = [array([1, 2]), array([3, 4])];
    assign([
      [a, a.add(b)],
      [b, a.sub(b)],
    ]);
    expect([values(a), values(b)]).toEqual([
      [4, 6],
      [-2, -2],
    ]);
    const c = array([1]);
    assign([[a, b.mul(2)]], [[c, c.add(1)]], [[b, a.mul(2)]]);
    expect([values(a), values(b), values(c)]).toEqual([[-4, -4], [8, 12], [2]]);
  });

  it('writes nothing when one pair does not fit', () => {
    const [a, b] = [array([1]), array([2])];
    expect(() => assign([[a, b.add(1)]], [[b, ones([2])]])).toThrow(/a value of shape \[2\] float32 for an array of shape \[1\] float32/);
    expect([values(a), values(b)]).toEqual([[1], [2]]);
  });

  it('takes temporaries over, and what still reads them sees them unchanged', () => {
    const a = array([1, 2]);
    const before = memory().arrays;
    let kept: KnetArray = a;
    const mark = openScope();
    try {
      const sumOfTwo = a.add(1);
      kept = sumOfTwo.mul(10);
      assign([[a, sumOfTwo]]);
      assign([[a, a.add(100)]]);
      expect(values(kept)).toEqual([20, 30]);
    } finally {
      closeScope(mark);
    }
    expect(values(a)).toEqual([102, 103]);
    expect(memory().arrays).toBe(before);
  });

  it('gives one value to several targets, which share nothing afterwards', () => {
    const [a, b, c] = [array([1, 2]), zeros([2]), array([0, 0, 0])];
    const mark = openScope();
    try {
      const doubled = a.mul(2);
      assign([
        [a, doubled],
        [b, doubled],
        [c.slice(span(1, 3)), doubled],
      ]);
    } finally {
      closeScope(mark);
    }
    b.set([0], 7);
    expect([values(a), values(b), values(c)]).toEqual([
      [2, 4],
      [7, 4],
      [0, 2, 4],
    ]);
  });

  it('leaves a pending result of a pending target alone', () => {
    const a = zeros([2]);
    const b = a.add(5);
    assign([[a, ones([2])]]);
    expect([values(a), values(b)]).toEqual([
      [1, 1],
      [5, 5],
    ]);
  });

  it('does not give up a gradient, which is the user’s', () => {
    const w = array([1, 2]);
    const g = grad((x: KnetArray) => sum(x.mul(x)))(w);
    assign([[w, g]]);
    expect([values(w), values(g)]).toEqual([
      [2, 4],
      [2, 4],
    ]);
    w.set([0], 9);
    expect(values(g)).toEqual([2, 4]);
  });
});
