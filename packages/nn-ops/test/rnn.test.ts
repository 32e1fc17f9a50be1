import { grad, type KnetArray, slice, sum, transpose, value, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { gru, lstm, Rnn, type RnnType, rnn, rnnWeights } from '../src/index.js';
import { expectClose, expectGradient, normal, numbers, useCpu } from './support.js';

const types: RnnType[] = ['relu', 'tanh', 'lstm', 'gru'];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe('rnn', () => {
  beforeEach(useCpu);

  it('gru agrees with its definition', () => {
    const [w, b, h, x] = [normal([2, 4], 1), normal([1, 4], 2), normal([1, 1], 3), normal([1, 1], 4)];
    const [ws, bs, hs, xs] = [w, b, h, x].map(numbers) as [number[], number[], number[], number[]];
    const both = (k: number): number => xs[0]! * ws[2 * k]! + hs[0]! * ws[2 * k + 1]! + bs[k]!;
    const [r, u] = [sigmoid(both(0)), sigmoid(both(1))];
    const candidate = Math.tanh(xs[0]! * ws[4]! + bs[2]! + r * (hs[0]! * ws[7]! + bs[3]!));
    expectClose(numbers(gru(w, b, h, x)), [(1 - u) * candidate + u * hs[0]!]);
    expect(() => gru(w, b, zeros([1, 2]), x)).toThrow(/gru: shapes weight \[2, 4\]/);
  });

  it.each(types)('%s runs step by step', type => {
    const w = rnnWeights(3, 4, { type, dtype: 'float64', seed: 1 });
    const x = normal([3, 2, 5]);
    const whole = rnn(w, x, { type });
    expect(whole.y.shape).toEqual([4, 2, 5]);
    let state: { hidden?: KnetArray; cell?: KnetArray | undefined } = {};
    for (let t = 0; t < 5; t++) {
      const step = rnn(w, slice(x, ':', ':', t), { type, ...state });
      expect(step.y.shape).toEqual([4, 2]);
      expectClose(numbers(step.y), numbers(slice(whole.y, ':', ':', t)));
      state = { hidden: step.hidden, cell: step.cell };
    }
    expectClose(numbers(state.hidden!), numbers(whole.hidden));
    expectClose(numbers(slice(whole.hidden, ':', ':', 0)), numbers(slice(whole.y, ':', ':', 4)));
    expect(whole.cell === undefined).toBe(type !== 'lstm');
  });

  it.each(types)('%s has derivatives', type => {
    const options = { type, layers: 2, bidirectional: true };
    const w = rnnWeights(2, 2, { ...options, dtype: 'float64', seed: 1 });
    const [h, c] = [normal([2, 2, 4], 2), normal([2, 2, 4], 3)];
    const run = (weights: typeof w, x: KnetArray, hidden: KnetArray): KnetArray[] => {
      const result = rnn(weights, x, { ...options, hidden, cell: c });
      return result.cell === undefined ? [result.y, result.hidden] : [result.y, result.hidden, result.cell];
    };
    expectGradient(run, [w, normal([2, 2, 3]), h], 1);
    expectGradient((x: KnetArray) => run(w, x, h), [normal([2, 2, 2])]);
  });

  it('two directions are two networks', () => {
    const w = rnnWeights(3, 2, { type: 'tanh', bidirectional: true, dtype: 'float64' });
    const x = normal([3, 2, 4]);
    const both = rnn(w, x, { type: 'tanh', bidirectional: true });
    expect(both.y.shape).toEqual([4, 2, 4]);
    const forward = rnn(w.slice(0, 1), x, { type: 'tanh' }).y;
    const backward = rnn(w.slice(1), slice(x, ':', ':', [3, 2, 1, 0]), { type: 'tanh' }).y;
    expectClose(numbers(slice(both.y, [0, 1])), numbers(forward));
    expectClose(numbers(slice(both.y, [2, 3])), numbers(slice(backward, ':', ':', [3, 2, 1, 0])));
  });

  it('layers read the one below', () => {
    const network = new Rnn(3, 2, { layers: 2 });
    const w = network.weights({ dtype: 'float64' });
    expect(w.map(l => l.weight.shape)).toEqual([
      [5, 8],
      [4, 8],
    ]);
    const x = normal([3, 2, 4]);
    const first = rnn(w.slice(0, 1), x);
    expectClose(numbers(network.forward(w, x).y), numbers(rnn(w.slice(1), first.y).y));
    const step = slice(x, ':', ':', 0);
    const none = zeros([2, 2], { dtype: 'float64' });
    const [h] = lstm(w[0]!.weight, w[0]!.bias, none, none, transpose(step));
    expectClose(numbers(rnn(w.slice(0, 1), step).y), numbers(transpose(h)));
  });

  it('drops between layers while recording', () => {
    const options = { type: 'tanh', layers: 2, dropout: 0.5 } as const;
    const w = rnnWeights(3, 8, { ...options, dtype: 'float64' });
    const x = normal([3, 4, 3]);
    const plain = numbers(rnn(w, x, { ...options, dropout: 0 }).y);
    expect(numbers(rnn(w, x, options).y)).toEqual(plain);
    grad((weights: typeof w) => {
      const { y } = rnn(weights, x, options);
      expect(numbers(value(y))).not.toEqual(plain);
      return sum(y);
    })(w);
  });

  it('explains what does not fit', () => {
    const w = rnnWeights(3, 2);
    expect(() => rnn(w, zeros([4, 2, 1]))).toThrow(/weights 0 have shapes \[5, 8\].*expected \[6, 8\]/);
    expect(() => rnn(w, zeros([3, 2, 1]), { layers: 2 })).toThrow(/1 sets of weights for 2 layers/);
    expect(() => rnn(w, zeros([3, 2, 0]))).toThrow(/no steps/);
    expect(() => rnn(w, zeros([3, 2, 1]), { hidden: zeros([2, 3, 1]) })).toThrow(/hidden has shape \[2, 3, 1\]; expected \[2, 2, 1\]/);
    expect(() => rnnWeights(3, 2, { layers: 0 })).toThrow(/layers/);
    expect(() => new Rnn(3, 2, { dropout: 2 })).toThrow(/dropout/);
  });
});
