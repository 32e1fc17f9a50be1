import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  array,
  assign,
  canDescend,
  copy,
  DeviceArray,
  type DType,
  descend,
  full,
  grad,
  type KnetArray,
  memory,
  mul,
  permute,
  rand,
  seed,
  span,
  sub,
  useBackend,
  zeros,
} from '../src/index.js';

beforeEach(() => {
  useBackend(cpuBackend());
  seed(4);
});

const values = (x: KnetArray) => [...x.dataSync()];

/** The arrays of a pair, with their elements. */
function pair(w: KnetArray, g: KnetArray, lr: number) {
  w.dataSync();
  g.dataSync();
  if (!(w instanceof DeviceArray && g instanceof DeviceArray)) throw new TypeError('expected plain arrays');
  return { w, g, lr };
}

describe('descend', () => {
  it.each(['float32', 'float64'] satisfies DType[])('gives the bits of the arithmetic, in %s', dtype => {
    for (const shape of [[], [1], [7], [3, 5], [33, 4]]) {
      const steps = [0.1, -3].map(lr => pair(rand(shape, { dtype }), rand(shape, { dtype }), lr));
      const expected = steps.map(({ w, g, lr }) => values(sub(w, mul(lr, g))));
      descend(steps);
      expect(steps.map(({ w }) => values(w))).toEqual(expected);
    }
  });

  it('reads gradients that are views', () => {
    const g = permute(rand([4, 3]), [1, 0]);
    const step = pair(rand([3, 4]), g, 0.5);
    const expected = values(sub(step.w, mul(0.5, g)));
    descend([step]);
    expect(values(step.w)).toEqual(expected);
  });

  it('shows new elements to views, and old ones to what was computed from them', () => {
    const w = array([1, 2, 3]);
    const view = w.slice(span(1, 3));
    const pending = w.mul(10);
    descend([pair(w, full([3], 1), 1)]);
    expect([values(w), values(view), values(pending)]).toEqual([
      [0, 1, 2],
      [1, 2],
      [10, 20, 30],
    ]);
  });

  it('computes every array before the first takes its new elements', () => {
    const [a, b] = [array([1, 2]), array([3, 4])];
    descend([pair(a, b, 1), pair(b, a, 1)]);
    expect([values(a), values(b)]).toEqual([
      [-2, -2],
      [2, 2],
    ]);
    descend([pair(a, a, 1)]);
    expect(values(a)).toEqual([0, 0]);
  });

  it('leaves everything as it was when a kernel fails', () => {
    const steps = [pair(array([1, 2]), array([1, 1]), 1), pair(array([3]), array([1]), 1)];
    const { backend } = steps[0]!.w.device;
    const { map } = backend;
    const { live, arrays } = memory();
    let calls = 0;
    backend.map = (...args) => {
      if (++calls === 2) throw new Error('no more today');
      map.apply(backend, args);
    };
    try {
      expect(() => descend(steps)).toThrow('no more today');
    } finally {
      backend.map = map;
    }
    expect(steps.map(({ w }) => values(w))).toEqual([[1, 2], [3]]);
    expect(memory()).toMatchObject({ live, arrays });
    descend(steps);
    expect(steps.map(({ w }) => values(w))).toEqual([[0, 1], [2]]);
    expect(memory()).toMatchObject({ live, arrays });
  });

  it('refuses what a running gradient needs', () => {
    const w = array([1, 2]);
    const step = pair(w, full([2], 1), 1);
    const f = grad((x: KnetArray) => {
      const y = x.mul(x).mul(w);
      descend([step]);
      return y.sum();
    });
    expect(() => f(array([3, 4]))).toThrow(/descend: a running gradient computation still needs/);
    expect(values(w)).toEqual([1, 2]);
  });

  it('is not for parts of arrays, pending ones, empty ones, or two dtypes', () => {
    const takes = (w: KnetArray, g: KnetArray) => w instanceof DeviceArray && g instanceof DeviceArray && canDescend(w, g);
    const [w, g] = [array([1, 2, 3]), array([1, 1, 1])];
    expect(takes(w, g)).toBe(true);
    expect(takes(w.slice(span(0, 2)), g.slice(span(0, 2)))).toBe(false);
    expect(takes(w, g.mul(2))).toBe(false);
    expect(takes(w.add(1), g)).toBe(false);
    expect(takes(w, array([1, 1, 1], { dtype: 'float64' }))).toBe(false);
    expect(takes(zeros([0]), copy(zeros([0])))).toBe(false);
  });

  it('is what assign does', () => {
    const [a, g] = [rand([5]), rand([5])];
    const b = copy(a);
    const step = pair(a, g, 0.3);
    b.dataSync();
    assign([[b, sub(b, mul(0.3, g))]]);
    descend([step]);
    expect(values(a)).toEqual(values(b));
  });
});
