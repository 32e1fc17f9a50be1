import { array, type DType, memory, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { Adadelta, Adagrad, Adam, AdamW, Momentum, Nesterov, Rmsprop, restoreOptimizer, Sgd, update } from '../src/index.js';
import { references } from './reference.js';

const classes = { Sgd, Momentum, Nesterov, Adagrad, Adadelta, Rmsprop, Adam, AdamW };
const backend = cpuBackend({ name: 'optimizers' });
let maps = 0;
const programs = new Set<unknown>();

beforeAll(() => {
  const { map } = backend;
  backend.map = (program, ...rest) => {
    maps++;
    programs.add(program);
    map.call(backend, program, ...rest);
  };
  useBackend(backend);
});

const start = [0.5, -1, 2, 0, 1e-3, -30];
const gradientAt = (step: number) => start.map((x, i) => Math.sin(x + 3 * i + step) * 10 ** (i - 3));

describe.each(Object.keys(classes) as (keyof typeof classes)[])('%s', name => {
  const Class = classes[name];

  it.each([
    ['float64', 1e-12],
    ['float32', 1e-5],
  ] as [DType, number][])('follows its formula on %s arrays', (dtype, tolerance) => {
    const w = array([start.slice(0, 3), start.slice(3)], { dtype });
    const optimizer = new Class();
    const expected = [...w.dataSync()];
    const steps = expected.map(() => references[name]!());
    for (let step = 0; step < 7; step++) {
      const g = array([gradientAt(step).slice(0, 3), gradientAt(step).slice(3)], { dtype });
      g.dataSync().forEach((x, i) => {
        expected[i] = steps[i]!(expected[i]!, x);
      });
      expect(update(w, g, optimizer)).toBe(w);
    }
    expect(optimizer.step).toBe(7);
    w.dataSync().forEach((x, i) => {
      expect(Math.abs(x - expected[i]!)).toBeLessThan(tolerance * Math.max(1e-2, Math.abs(expected[i]!)));
    });
  });

  it('follows its formula on a number, and returns it', () => {
    const optimizer = new Class();
    const reference = references[name]!();
    let w = 0.7;
    let expected = 0.7;
    for (let step = 0; step < 7; step++) {
      const g = Math.cos(step);
      expected = reference(expected, g);
      w = update(w, g, optimizer);
    }
    expect(w).toBeCloseTo(expected, 13);
  });

  it('is one program per step, whatever the options, and leaves no array behind', () => {
    const w = array([1, 2, 3], { dtype: 'float64' });
    const g = array([0.1, 0.2, 0.3], { dtype: 'float64' });
    const optimizer = new Class();
    const before = memory().arrays;
    update(w, g, optimizer);
    update(w, g, optimizer);
    maps = 0;
    programs.clear();
    for (let step = 1; step <= 5; step++) {
      optimizer.lr = 0.1 / step;
      if (optimizer instanceof Adam) optimizer.beta1 = 0.8 + 0.01 * step;
      update(w, g, optimizer);
      expect(maps).toBe(step);
      expect(memory().arrays).toBe(before + optimizer.slotNames.length);
    }
    expect(programs.size).toBe(1);
  });

  it('goes on from a stored state with the same bits', () => {
    const w = array([1, -2, 3]);
    const g = array([0.5, 0.25, -4]);
    const optimizer = new Class({ lr: 0.02, gclip: 3 });
    update(w, g, optimizer);
    update(w, g, optimizer);
    const state = optimizer.state();
    const other = restoreOptimizer(state);
    expect(other).toBeInstanceOf(Class);
    const v = array(w.dataSync());
    update(w, g, optimizer);
    update(v, g, other);
    expect([...v.dataSync()]).toEqual([...w.dataSync()]);
    expect(other.step).toBe(3);
  });
});

describe('gclip', () => {
  it('scales a gradient over the limit on the device, in one more map, and no other', () => {
    const w = array([0, 0], { dtype: 'float64' });
    const optimizer = new Sgd({ lr: 1, gclip: 1 });
    update(w, array([3, 4], { dtype: 'float64' }), optimizer);
    expect([...w.dataSync()].map(x => x.toFixed(12))).toEqual(['-0.600000000000', '-0.800000000000']);
    update(w, array([0.3, 0.4], { dtype: 'float64' }), optimizer);
    expect(w.dataSync()[0]).toBeCloseTo(-0.9, 14);
    update(w, array([0, 0], { dtype: 'float64' }), optimizer);
    expect(w.dataSync()[0]).toBeCloseTo(-0.9, 14);
    expect(update(1, -5, new Sgd({ lr: 1, gclip: 2 }))).toBe(3);
    expect(update(1, 0, new Sgd({ lr: 1, gclip: 2 }))).toBe(1);
  });

  it('refuses a negative limit', () => {
    expect(() => update(array([1]), array([1]), new Sgd({ gclip: -1 }))).toThrow(/gclip .* must be 0 \(off\) or greater, not -1/);
  });
});

describe('options and states', () => {
  it('takes a learning rate per step', () => {
    const seen: number[] = [];
    const optimizer = new Sgd({
      lr: step => {
        seen.push(step);
        return 10 ** -step;
      },
    });
    let w = 0;
    for (let i = 0; i < 3; i++) w = update(w, -1, optimizer);
    expect(seen).toEqual([0, 1, 2]);
    expect(w).toBeCloseTo(1.11, 14);
    expect(() => optimizer.state()).toThrow(/lr is a function, which cannot be stored/);
    expect(() => update(1, 1, new Sgd({ lr: () => Number.NaN }))).toThrow(/the learning rate of step 0 is NaN/);
  });

  it('refuses states of others', () => {
    expect(() => new Adam().restore(new AdamW().state())).toThrow('Adam.restore: the state is one of AdamW');
    expect(() => new Adam().restore({ ...new Adam().state(), slots: { x: 1 } })).toThrow('Adam.restore: it has no x');
    expect(() => restoreOptimizer({ type: 'toString', step: 0, options: {}, slots: {} })).toThrow(/no optimizer class "toString"/);
  });

  it('restored arrays share nothing with the stored ones', () => {
    const w = array([1, 2]);
    const first = new Momentum({ lr: 1 });
    update(w, array([1, 1]), first);
    const second = new Momentum().restore(first.state());
    update(w, array([1, 1]), first);
    const { velocity } = second.slots;
    expect(typeof velocity === 'object' && [...velocity.dataSync()]).toEqual([1, 1]);
  });
});
