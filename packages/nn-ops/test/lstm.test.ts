import { dispose, grad, gradloss, type KnetArray, memory, sum, zeros } from '@knet/knetarray';
import { beforeEach, describe, expect, it } from 'vitest';
import { lstm } from '../src/index.js';
import { devices, expectClose, expectGradient, normal, numbers } from './support.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** One step in plain loops. */
function reference(w: KnetArray, b: KnetArray, h: KnetArray, c: KnetArray, x: KnetArray): [number[], number[]] {
  const [batch, size] = h.shape as [number, number];
  const embed = x.shape[1]!;
  const [ws, bs, hs, cs, xs] = [w, b, h, c, x].map(numbers) as [number[], number[], number[], number[], number[]];
  const hidden = new Array<number>(batch * size);
  const cell = new Array<number>(batch * size);
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < size; k++) {
      const gate = (block: number): number => {
        const column = block * size + k;
        let s = bs[column]!;
        for (let i = 0; i < embed; i++) s += xs[n + batch * i]! * ws[i + (embed + size) * column]!;
        for (let i = 0; i < size; i++) s += hs[n + batch * i]! * ws[embed + i + (embed + size) * column]!;
        return s;
      };
      const at = n + batch * k;
      cell[at] = cs[at]! * sigmoid(gate(0)) + sigmoid(gate(1)) * Math.tanh(gate(3));
      hidden[at] = sigmoid(gate(2)) * Math.tanh(cell[at]!);
    }
  }
  return [hidden, cell];
}

function problem(batch: number, embed: number, size: number): [KnetArray, KnetArray, KnetArray, KnetArray, KnetArray] {
  return [
    normal([embed + size, 4 * size], 1),
    normal([1, 4 * size], 2),
    normal([batch, size], 3),
    normal([batch, size], 4),
    normal([batch, embed], 5),
  ];
}

describe.each(devices)('lstm %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it.each([
    [3, 2, 4],
    [1, 1, 1],
    [17, 5, 9],
  ])('agrees with its definition: batch %i, embed %i, hidden %i', (batch, embed, size) => {
    const args = problem(batch, embed, size);
    const [h, c] = lstm(...args);
    const [hidden, cell] = reference(...args);
    expect(h.shape).toEqual([batch, size]);
    expectClose(numbers(h), hidden);
    expectClose(numbers(c), cell);
    const single = lstm(...(args.map(a => a.astype('float32')) as typeof args));
    expectClose(numbers(single[0]), hidden, 1e-5);
    expectClose(numbers(single[1]), cell, 1e-5);
  });

  it('has derivatives of both orders for every argument', () => {
    expectGradient((...args: [KnetArray, KnetArray, KnetArray, KnetArray, KnetArray]) => lstm(...args), problem(2, 3, 2));
  });

  it('has derivatives through time', () => {
    const [w, b, h0, c0, x] = problem(2, 3, 2);
    const f = (weights: KnetArray[]): KnetArray => {
      let [h, c] = [h0, c0];
      let total: KnetArray | undefined;
      for (let t = 0; t < 3; t++) {
        [h, c] = lstm(weights[0]!, weights[1]!, h, c, x);
        total = total === undefined ? sum(h) : total.add(sum(h));
      }
      return total!.add(sum(c));
    };
    expectGradient(f, [[w, b]]);
  });

  it('leaves nothing behind', () => {
    const args = problem(8, 6, 5);
    const step = gradloss((all: typeof args) => {
      const [h, c] = lstm(...all);
      return sum(h).add(sum(c));
    });
    const run = (): void => dispose(step(args));
    run();
    const before = memory().live;
    for (let i = 0; i < 3; i++) run();
    expect(memory().live).toBe(before);
  });

  it('explains what does not fit', () => {
    const [w, b, h, c, x] = problem(2, 3, 2);
    expect(() => lstm(w, b, h, c, zeros([2, 4]))).toThrow(/lstm: shapes weight \[5, 8\].*input \[2, 4\]/);
    expect(() => lstm(w, b, h, zeros([2, 3]), x)).toThrow(/cell \[2, 3\]/);
    expect(() => grad((v: KnetArray) => sum(lstm(v, zeros([8]), h, c, x)[0]))(w)).toThrow(/bias \[8\]/);
  });
});
