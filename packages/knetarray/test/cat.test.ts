import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeEach, describe, expect, it } from 'vitest';
import { add, array, type Backend, cat, exp, grad, hcat, type KnetArray, mul, sum, useBackend, vcat, zeros } from '../src/index.js';

let maps = 0;

/** The cpu backend, with its maps counted. */
function counted(): Backend {
  return new Proxy<Backend>(cpuBackend({ wasm: false }), {
    get(target, key) {
      if (key === 'name') return 'counted';
      if (key === 'map') maps++;
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const backend = counted();
const elements = (x: KnetArray): number[] => Array.from(x.dataSync());

describe('cat of pending arrays', () => {
  beforeEach(() => {
    useBackend(backend);
    maps = 0;
  });

  it('computes neighbours of one shape in their places, in one program', () => {
    const a = array([[1, 2]]);
    const joined = hcat(add(a, 1), mul(add(a, 1), 10), a, zeros([1, 1]));
    expect(elements(joined)).toEqual([2, 3, 20, 30, 1, 2, 0]);
    expect(maps).toBe(3);
  });

  it('leaves the parts as they were', () => {
    const a = array([1, 2]);
    const b = add(a, 1);
    expect(elements(vcat(b, b, a))).toEqual([2, 3, 2, 3, 1, 2]);
    expect(elements(b)).toEqual([2, 3]);
    expect(elements(cat([exp(zeros([0, 2])), exp(zeros([1, 2]))], 0))).toEqual([1, 1]);
  });

  it('keeps the limits of a program', () => {
    const x = array([0.5, 2]);
    const powers = Array.from({ length: 40 }, (_, k) => {
      let y = add(x, k);
      for (let i = 0; i < 5; i++) y = mul(y, 0.5);
      return y;
    });
    const expected = powers.flatMap((_, k) => [(0.5 + k) / 32, (2 + k) / 32]);
    expect(elements(vcat(...powers))).toEqual(expected);
    expect(maps).toBeGreaterThan(1);
    expect(maps).toBeLessThan(20);
  });

  it('keeps gradients', () => {
    const f = (x: KnetArray): KnetArray => {
      const y = add(x, 1);
      return sum(mul(hcat(y, mul(x, x)), array([[1, 10]])));
    };
    expect(elements(grad(f)(array([1, 2])))).toEqual([21, 41]);
  });
});
