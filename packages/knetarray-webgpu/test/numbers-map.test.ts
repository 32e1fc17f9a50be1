import { expect, it } from 'vitest';
import { NumbersMap } from '../src/numbers-map.js';

it('finds what was kept for a list of numbers, and nothing for another one', () => {
  const map = new NumbersMap<string>();
  expect(map.begin().put(1).put(2).find()).toBeUndefined();
  expect(map.keep('one, two')).toBe('one, two');
  expect(map.begin().put(1).put(2).find()).toBe('one, two');
  for (const other of [[], [1], [2, 1], [1, 2, 0], [0, 1, 2]]) {
    map.begin();
    for (const x of other) map.put(x);
    expect(map.find(), String(other)).toBeUndefined();
  }
});

it('tells lists with the same hash apart', () => {
  const map = new NumbersMap<string>();
  // 31 * 1 + 31 = 31 * 2 + 0.
  map.begin().put(1).put(31).keep('a');
  expect(map.begin().put(2).put(0).find()).toBeUndefined();
  map.keep('b');
  expect(map.begin().put(1).put(31).find()).toBe('a');
  expect(map.begin().put(2).put(0).find()).toBe('b');
});

it('tells apart where one of several lists ends', () => {
  const map = new NumbersMap<string>();
  map.begin().putAll([1, 2]).putAll([3]).keep('a');
  expect(map.begin().putAll([1]).putAll([2, 3]).find()).toBeUndefined();
  expect(map.begin().putAll([1, 2]).putAll([3]).find()).toBe('a');
});

it('takes long lists, and does not grow for ever', () => {
  const map = new NumbersMap<number>();
  const list = (n: number): number[] => Array.from({ length: 300 }, (_, i) => i + n);
  for (let n = 0; n < 5000; n++) map.begin().putAll(list(n)).keep(n);
  expect(map.begin().putAll(list(4999)).find()).toBe(4999);
  expect(map.begin().putAll(list(0)).find()).toBeUndefined();
});
