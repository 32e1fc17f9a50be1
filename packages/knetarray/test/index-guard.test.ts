import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeAll, expect, it } from 'vitest';
import { array, grad, isBox, type KnetArray, useBackend } from '../src/index.js';

beforeAll(() => {
  useBackend(cpuBackend());
});

const indexed = (a: KnetArray): Record<number, unknown> => a as unknown as Record<number, unknown>;

it('refuses brackets on arrays and on boxed arrays', () => {
  const a = array([1, 2, 3]);
  expect(() => indexed(a)[0]).toThrow(/a\.get\(0\)/);
  expect(() => {
    indexed(a)[1] = 5;
  }).toThrow(/a\.set\(1, value\)/);
  expect(() =>
    grad((w: KnetArray) => {
      indexed(w)[0] = 1;
      return w.sum();
    })(a),
  ).toThrow(/being differentiated cannot be written/);
  expect(() => grad((w: KnetArray) => indexed(w)[0] as KnetArray)(a)).toThrow(/a\.get\(0\)/);
  expect([...a.dataSync()]).toEqual([1, 2, 3]);
});

it('leaves ordinary properties alone', () => {
  const a = array([1, 2, 3]);
  expect(isBox(a)).toBe(false);
  expect('then' in a).toBe(false);
  expect(Reflect.get(a, 'then')).toBeUndefined();
  expect(Object.keys(a).length).toBeGreaterThan(0);
  expect(String(a)).toContain('3-element KnetArray{Float32,1}');
});
