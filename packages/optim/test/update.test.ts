import {
  add,
  array,
  diff,
  div,
  full,
  grad,
  type KnetArray,
  memory,
  mul,
  ones,
  param,
  setImmediateMode,
  sum,
  useBackend,
  zeros,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Adam, clipGlobalNorm, Momentum, Optimizer, optimizers, Sgd, type Step, update } from '../src/index.js';

beforeEach(() => {
  useBackend(cpuBackend());
});
afterEach(() => setImmediateMode(false));

const values = (x: KnetArray) => [...x.dataSync()];

describe('structures', () => {
  it('updates lists, objects, Maps and numbers, in place and in the result', () => {
    const w = { a: [array([1, 2]), 5] as [KnetArray, number], m: new Map([['x', array([10])]]), name: 'net', act: null };
    const g = { a: [array([1, 1]), 2] as [KnetArray, number], m: new Map([['x', array([4])]]) };
    expect(update(w, g, { lr: 0.5 })).toBe(w);
    expect(values(w.a[0])).toEqual([0.5, 1.5]);
    expect(w.a[1]).toBe(4);
    expect(values(w.m.get('x')!)).toEqual([8]);
    expect([w.name, w.act]).toEqual(['net', null]);
  });

  it('leaves alone what has no gradient, and steps no optimizer for it', () => {
    const w = [array([1]), array([2]), { x: array([3]), y: array([4]) }] as const;
    const state = optimizers(w, () => new Momentum({ lr: 1 }));
    update(w, [array([1]), null, { y: array([1]) }], state);
    expect([w[0], w[1], w[2].x, w[2].y].map(x => x.itemSync())).toEqual([0, 2, 3, 3]);
    expect([state[0].step, state[1].step, state[2].x.step, state[2].y.step]).toEqual([1, 0, 0, 1]);
    update(w, undefined, state);
    expect(state[0].step).toBe(1);
  });

  it('builds one optimizer per leaf', () => {
    const state = optimizers({ w: [zeros([2]), 0], name: 'a' }, () => new Adam());
    expect(state.w[0]).toBeInstanceOf(Adam);
    expect(state.w[1]).toBeInstanceOf(Adam);
    expect(state.w[0]).not.toBe(state.w[1]);
    expect(state.name).toBe('a');
  });

  it('takes params', () => {
    const w = param(array([1, 2]));
    const b = param(1);
    const model = { w, b };
    const J = diff(() => sum(mul(add(w, b), 3)));
    update(model, { w: J.grad(w), b: J.grad(b) }, { lr: 0.1 });
    expect(values(w).map(x => x.toFixed(5))).toEqual(['0.70000', '1.70000']);
    const K = diff(() => mul(model.b, model.b));
    expect(K.value).toBeCloseTo(0.16, 12);
    expect(K.grad(model.b)).toBeCloseTo(0.8, 12);
  });

  it('takes 0-d gradients of numbers, and keeps them on a device that cannot block', () => {
    expect(update(3, full([], 2), { lr: 0.5 })).toBe(2);
    const cpu = cpuBackend({ name: 'async' });
    const read = cpu.readSync.bind(cpu);
    const backend = Object.create(cpu, {
      readSync: { value: undefined },
      read: { value: async (...args: Parameters<typeof read>) => read(...args) },
    });
    useBackend(backend, 'async');
    const state = optimizers({ b: 3 }, () => new Momentum({ lr: 0.5 }));
    const w: { b: number | KnetArray } = { b: 3 };
    update(w, { b: full([], 2) }, state);
    update(w, { b: full([], 2) }, state);
    return expect((w.b as KnetArray).item()).resolves.toBeCloseTo(3 - 1 - 1.9, 6);
  });

  it('casts a gradient of another float type', () => {
    const w = array([1, 2]);
    update(w, array([1, 1], { dtype: 'float64' }), { lr: 0.5 });
    expect([w.dtype, ...values(w)]).toEqual(['float32', 0.5, 1.5]);
  });

  it('writes parameters that are views', () => {
    const all = array([1, 2, 3, 4]);
    const [a, b] = [all.slice([0, 1]), all.slice([2, 3])];
    const view = all.reshape(2, 2);
    update([a, b], [ones([2]), ones([2])], { lr: 1 });
    update(view, ones([2, 2]), { lr: 1 });
    expect(values(all)).toEqual([0, 1, 2, 3]);
  });
});

describe('pending arrays', () => {
  it('what was computed from the old parameter stays', () => {
    for (const immediate of [false, true]) {
      setImmediateMode(immediate);
      const w = ones([2]).mul(3);
      const zero = zeros([2]);
      const [y, z] = [w.mul(2), zero.add(1)];
      update([w, zero], [ones([2]), ones([2])], { lr: 1 });
      expect([values(y), values(z), values(w), values(zero)]).toEqual([
        [6, 6],
        [1, 1],
        [2, 2],
        [-1, -1],
      ]);
    }
  });

  it('computes each of many equal parameters in a program of its own', () => {
    const backend = cpuBackend({ name: 'counting' });
    const { map } = backend;
    let maps = 0;
    backend.map = (...args) => {
      maps++;
      map.apply(backend, args);
    };
    useBackend(backend);
    const w = Array.from({ length: 9 }, (_, i) => full([5], i));
    const g = w.map(() => full([5], 1).add(zeros([5])));
    const state = optimizers(w, () => new Adam());
    update(w, g, state);
    const before = memory().arrays;
    for (let i = 0; i < 4; i++) {
      maps = 0;
      update(w, g, state);
      expect(maps).toBe(9);
    }
    expect(memory().arrays).toBe(before);
  });
});

describe('mistakes', () => {
  const w = () => ({ a: [array([1, 2]), array([3])], b: new Map([['x', array([4])]]) });
  const none = () => undefined;
  const good = () => ({ a: [array([1, 1]), array([1])], b: new Map([['x', array([1])]]) });

  it.each<[string, () => unknown, () => unknown, RegExp]>([
    ['a length', () => ({ a: [array([1, 1])] }), none, /differ at \.a: 2 parameters, but 1 gradients/],
    ['a kind', () => ({ a: { x: 1 } }), none, /differ at \.a: a list of parameters has an object for its gradient/],
    ['a key', () => ({ c: array([1]) }), none, /differ at \.c: it is among the gradients, but not among the parameters/],
    [
      'a shape',
      () => ({ a: [array([1, 1]), array([1, 2])] }),
      none,
      /at \.a\[1\] the parameter is float32 \[1\], but its gradient is float32 \[2\]/,
    ],
    ['a leaf', () => ({ a: [array([1, 1]), [1]] }), none, /differ at \.a\[1\]: a parameter has a list for its gradient/],
    ['an optimizer', good, () => ({ a: [new Sgd(), 3] }), /at \.a\[1\] stands a parameter, but not an optimizer/],
    ['a missing optimizer', good, () => ({ a: [new Sgd(), new Sgd()] }), /a Map of parameters has nothing for its optimizer/],
    ['one optimizer for many', good, () => new Adam(), /one Adam for an object of parameters/],
  ])('of %s are named with their path, and nothing is written', (_, g, o, message) => {
    const model = w();
    expect(() => update(model, g() as never, o() as never)).toThrow(message);
    expect(model.a.map(values)).toEqual([[1, 2], [3]]);
  });

  it('the same array or optimizer twice', () => {
    const x = array([1]);
    expect(() => update([x, x], [x, x], { lr: 1 })).toThrow(/the same array stands at \[0\] and at \[1\]/);
    const o = new Adam();
    expect(() => update([array([1]), array([2])], [x, x], [o, o])).toThrow(/the same optimizer \(Adam\) stands at \[0\] and at \[1\]/);
  });

  it('an optimizer of another parameter', () => {
    const o = new Adam();
    update(array([1]), array([1]), o);
    expect(() => update(array([1, 2]), array([1, 2]), o)).toThrow(/the Adam at the argument itself keeps float32 \[1\]/);
  });

  it('integers, disposed arrays, frozen containers, boxes', () => {
    expect(() => update(array([1], { dtype: 'int32' }), array([1]), {})).toThrow(/is int32; only floats can be trained/);
    const gone = array([1]);
    gone.dispose();
    expect(() => update(gone, array([1]), {})).toThrow(/the parameter at the argument itself was disposed of/);
    expect(() => update([array([1])], [gone], {})).toThrow(/the gradient at \[0\] was disposed of/);
    const fixed = [1, 2];
    Object.defineProperty(fixed, 1, { value: 2, writable: false });
    expect(() => update(fixed, [1, 1], {})).toThrow(/the number at \[1\] is in a frozen container/);
    expect(fixed).toEqual([1, 2]);
    const frozen = Object.freeze([1, array([1])]);
    expect(() => update(frozen, [1, array([1])], {})).toThrow(/the number at \[0\] is in a frozen container/);
    const f = (x: KnetArray) => {
      update(x, ones([1]), {});
      return sum(x);
    };
    expect(() => grad(f)(array([1]))).toThrow(/is being differentiated; call update outside of grad/);
  });

  it('a step that fails on the device leaves parameters and optimizers as they were', () => {
    const backend = cpuBackend({ name: 'failing' });
    const { map } = backend;
    let left = Number.POSITIVE_INFINITY;
    backend.map = (...args) => {
      if (left-- <= 0) throw new Error('device lost');
      map.apply(backend, args);
    };
    useBackend(backend);
    const model = [array([1, 2]), array([3]), 4] as [KnetArray, KnetArray, number];
    const g = [array([1, 1]), array([1]), 1] as [KnetArray, KnetArray, number];
    const state = optimizers(model, () => new Adam());
    update(model, g, state);
    const before = [values(model[0]), values(model[1]), model[2]];
    const moments = state.map(o => (typeof o.slots.m === 'object' ? values(o.slots.m) : o.slots.m));
    const arrays = memory().arrays;
    left = 1;
    expect(() => update(model, g, state)).toThrow('device lost');
    left = Number.POSITIVE_INFINITY;
    expect([values(model[0]), values(model[1]), model[2]]).toEqual(before);
    expect(state.map(o => (typeof o.slots.m === 'object' ? values(o.slots.m) : o.slots.m))).toEqual(moments);
    expect(state.map(o => o.step)).toEqual([1, 1, 1]);
    expect(memory().arrays).toBe(arrays);
  });
});

describe('clipGlobalNorm', () => {
  it('scales by one norm over everything', () => {
    const g = { a: array([3, 0]), b: [array([4])] };
    const c = clipGlobalNorm(g, 1);
    expect(values(c.a)[0]).toBeCloseTo(0.6, 6);
    expect(values(c.b[0]!)[0]).toBeCloseTo(0.8, 6);
    expect(values(clipGlobalNorm(g, 10).a)).toEqual([3, 0]);
    expect(clipGlobalNorm([3, 4], 1).map(x => x.toFixed(6))).toEqual(['0.600000', '0.800000']);
    expect(clipGlobalNorm({ a: array([0]) }, 1).a.itemSync()).toBe(0);
    expect(() => clipGlobalNorm(g, 0)).toThrow(/greater than 0, not 0/);
  });

  it('serves update, with numbers beside arrays and two dtypes', () => {
    const w: [KnetArray, number, KnetArray] = [array([0]), 0, array([0], { dtype: 'float64' })];
    const g: [KnetArray, number, KnetArray] = [array([2]), 3, array([6], { dtype: 'float64' })];
    update(w, clipGlobalNorm(g, 3.5), { lr: 1 });
    expect([w[0].itemSync(), w[1], w[2].itemSync()].map(x => x.toFixed(5))).toEqual(['-1.00000', '-1.50000', '-3.00000']);
    expect(clipGlobalNorm(g, 1)[0].dtype).toBe('float32');
  });
});

describe('own optimizers', () => {
  class Half extends Optimizer {
    readonly type = 'Half';
    readonly slotNames = [];
    rule(w: Parameters<Optimizer['rule']>[0]): Step {
      return { w: div(w, 2), slots: {} };
    }
  }

  it('work through the base class', () => {
    const w = array([8]);
    update(w, array([1]), new Half(1));
    expect(w.itemSync()).toBe(4);
    expect(update(8, 1, new Half(1))).toBe(4);
  });
});

it('trains with grad, flat in memory', () => {
  const x = array([
    [1, 2, 3],
    [0, 1, 0],
  ]);
  const y = array([[5, 7, 9]]);
  const loss = (w: [KnetArray, number]) => sum(w[0].matmul(x).add(w[1]).sub(y).pow(2));
  const gradient = grad(loss);
  const w: [KnetArray, number] = [zeros([1, 2]), 0];
  const state = optimizers(w, () => new Adam({ lr: 0.05 }));
  let arrays = 0;
  for (let step = 0; step < 800; step++) {
    const g = gradient(w);
    update(w, g, state);
    g[0].dispose();
    if (step === 3) arrays = memory().arrays;
    if (step > 3) expect(memory().arrays).toBe(arrays);
  }
  expect(loss(w).itemSync()).toBeLessThan(1e-3);
});
