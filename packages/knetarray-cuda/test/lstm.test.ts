import type { DType, TypedArray } from '@knet/knetarray';
import { describe, expect, it } from 'vitest';
import { emulated } from './emulated.js';
import { elementsOf, numbers, product, rounded, viewOf } from './views.js';

const backend = emulated();
const precision = { bfloat16: 1.6e-2, float16: 2e-3, float32: 6e-7, float64: 2e-14 };

/** What a cell is given, gates `[n, 4, m]` and states `[n, m]`, and the gradients that arrive at its new states. */
interface Given {
  readonly gates: TypedArray;
  readonly cell: TypedArray;
  readonly hiddenGradient: TypedArray;
  readonly cellGradient: TypedArray;
}

function given(dtype: DType, n: number, m: number, range: number): Given {
  const make = (size: number, seed: number, scale = 1): TypedArray =>
    rounded(
      dtype,
      numbers(size, seed).map(v => scale * v),
    );
  return { gates: make(4 * n * m, 1, range), cell: make(n * m, 2), hiddenGradient: make(n * m, 3), cellGradient: make(n * m, 4) };
}

/** The new hidden state and cell, the gradients of the gates and of the cell. */
type Results = readonly [TypedArray, TypedArray, TypedArray, TypedArray];

function expected({ gates, cell, hiddenGradient, cellGradient }: Given, n: number, newCell: TypedArray): Results {
  const states = (): Float64Array => new Float64Array(cell.length);
  const [hidden, next, dGates, dCell] = [states(), states(), new Float64Array(gates.length), states()];
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  for (let i = 0; i < cell.length; i++) {
    const at = i + 3 * n * Math.floor(i / n);
    const [f, e, o, c] = [
      sigmoid(gates[at]!),
      sigmoid(gates[at + n]!),
      sigmoid(gates[at + 2 * n]!),
      Math.tanh(gates[at + 3 * n]!),
    ] as const;
    next[i] = cell[i]! * f + e * c;
    hidden[i] = o * Math.tanh(next[i]!);
    const [t, dh] = [Math.tanh(newCell[i]!), hiddenGradient[i]!];
    const all = cellGradient[i]! + dh * o * (1 - t * t);
    dGates.set([all * cell[i]! * f * (1 - f)], at);
    dGates.set([all * c * e * (1 - e)], at + n);
    dGates.set([dh * t * o * (1 - o)], at + 2 * n);
    dGates.set([all * e * (1 - c * c)], at + 3 * n);
    dCell[i] = all * f;
  }
  return [hidden, next, dGates, dCell];
}

function actual(dtype: DType, x: Given, n: number): Results {
  const m = x.cell.length / n;
  const shaped = (data: TypedArray) => ({ ...viewOf(backend, dtype, data), shape: data.length === n * m ? [n, m] : [n, 4, m] });
  const [gates, cell, dHidden, dNext] = [shaped(x.gates), shaped(x.cell), shaped(x.hiddenGradient), shaped(x.cellGradient)];
  const empty = (like: TypedArray) => shaped(like.map(() => 7));
  const [hidden, next, dGates, dCell] = [empty(x.cell), empty(x.cell), empty(x.gates), empty(x.cell)];
  backend.lstm(gates, cell, hidden, next);
  backend.lstmGradient(gates, cell, next, { hidden: dHidden, cell: dNext }, dGates, dCell);
  const read = (y: typeof cell): TypedArray => elementsOf(backend, { ...y, shape: [product(y.shape)] });
  const results = [read(hidden), read(next), read(dGates), read(dCell)] as const;
  for (const { storage } of [gates, cell, dHidden, dNext, hidden, next, dGates, dCell]) backend.release(storage);
  return results;
}

/** The largest error, NaN and infinities among them. */
function worst(results: Results, references: Results): number {
  let most = 0;
  results.forEach((array, k) => {
    array.forEach((v, i) => {
      const e = references[k]![i]!;
      const distance = Object.is(v, e) ? 0 : Math.abs(v - e) / Math.max(1, Math.abs(e));
      most = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(most, distance);
    });
  });
  return most;
}

describe.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('the lstm cell in %s', dtype => {
  it.each([
    [1, 1],
    [7, 3],
    [1, 40],
    [33, 4],
    [300, 5],
    [20_000, 1],
  ])('of %i units of %i columns', (n, m) => {
    for (const range of [1, 10, 100]) {
      const x = given(dtype, n, m, range);
      const results = actual(dtype, x, n);
      expect(worst(results, expected(x, n, results[1]))).toBeLessThan(precision[dtype]);
    }
  });

  it('keeps to its limits where gates are large', () => {
    const n = 30;
    const top = dtype === 'float16' ? 60_000 : 3e38;
    const some = [1000, -1000, 0, 88, -88, -104, top, -top, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const x = given(dtype, n, 4, 1);
    const gates = rounded(
      dtype,
      Float64Array.from(x.gates, v => some[Math.floor((v + 1) * 4.999)]!),
    );
    const results = actual(dtype, { ...x, gates }, n);
    expect(worst(results, expected({ ...x, gates }, n, results[1]))).toBeLessThan(precision[dtype]);
  });

  it('lets NaN through, and nowhere else', () => {
    const n = 20;
    for (let k = 0; k < 4; k++) {
      const x = given(dtype, n, 2, 1);
      x.gates[5 + n * k] = Number.NaN;
      const [hidden, cell] = actual(dtype, x, n);
      expect(hidden[5]).toBeNaN();
      expect(Number.isNaN(cell[5])).toBe(k !== 2);
      expect([...hidden, ...cell].filter(Number.isNaN).length).toBe(k === 2 ? 1 : 2);
    }
  });
});

it('does not lose small gates to overflow', () => {
  const x = given('float32', 8, 1, 1);
  const [, cell] = actual('float32', { ...x, gates: new Float32Array(32).fill(-100) }, 8);
  // exp(-100) is a subnormal number.
  cell.forEach((c, i) => {
    expect(Math.abs(c - (x.cell[i]! - 1) * Math.exp(-100))).toBeLessThan(4e-45);
  });
});
