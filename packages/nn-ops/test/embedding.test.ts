import { array, grad, type KnetArray, sum, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { embedding } from '../src/index.js';
import { counting, expectGradient, normal, numbers, useCpu } from './support.js';

describe('embedding', () => {
  beforeEach(useCpu);

  it('gathers columns for indices of any shape', () => {
    const w = counting(2, 3);
    expect(numbers(embedding(w, [2, 0, 2]))).toEqual([5, 6, 1, 2, 5, 6]);
    expect(numbers(embedding(w, Int32Array.of(1)))).toEqual([3, 4]);
    const nested = embedding(w, [
      [0, 1],
      [2, 0],
    ]);
    expect(nested.shape).toEqual([2, 2, 2]);
    expect(numbers(nested)).toEqual([1, 2, 5, 6, 3, 4, 1, 2]);
    const tokens = array(Int32Array.of(0, 2, 1, 0, 0, 1), { shape: [3, 2] });
    expect(embedding(w, tokens).shape).toEqual([2, 3, 2]);
    expect(embedding(w, []).shape).toEqual([2, 0]);
  });

  it('adds up the gradient of repeated columns', () => {
    const w = normal([3, 4]);
    expect(numbers(grad((a: KnetArray) => sum(embedding(a, [1, 1, 3])))(w))).toEqual([0, 0, 0, 2, 2, 2, 0, 0, 0, 1, 1, 1]);
    expectGradient((a: KnetArray) => embedding(a, [1, 1, 3]).abs2(), [w]);
  });

  it('explains what does not fit', () => {
    const w = zeros([2, 3]);
    expect(() => embedding(w, [3])).toThrow(/position 3 is out of range for the 3 columns.*\[2, 3\]/);
    expect(() => embedding(w, [-1])).toThrow(/position -1/);
    expect(() => embedding(w, [0.5])).toThrow(/position 0.5/);
    expect(() => embedding(w, array([1, 2]))).toThrow(/int32, not float32/);
    expect(() => embedding(zeros([2]), [0])).toThrow(/\[2\]/);
    expect(() => embedding(w, [[0, 1], [2]])).toThrow(/equal lengths/);
    expect(() => embedding(w, [[0, 1], 2])).toThrow(/equal depths/);
    expect(() => embedding(w, [0, [1]])).toThrow(/equal lengths|equal depths/);
  });
});
