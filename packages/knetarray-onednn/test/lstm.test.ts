import {
  array,
  type DType,
  grad,
  hcat,
  type KnetArray,
  setDevice,
  sum,
  type TypedArray,
  typedArray,
  useBackend,
  type View,
  zeros,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { lstm } from '@knet/nn-ops';
import { afterEach, describe, expect, it } from 'vitest';
import { firstDifference, native, random } from './both-backends.js';
import { avx2Results } from './kernel-avx2.js';

const oracle = useBackend(cpuBackend({ wasm: false, name: 'plain' }));

/** Inputs of a cell in the layout of the kernels: gates `[n, 4, m]`, the others `[n, m]`. */
interface Inputs {
  readonly gates: Float32Array;
  readonly cell: Float32Array;
  readonly hiddenGradient: Float32Array;
  readonly cellGradient: Float32Array;
}

/** New states and gradients, in the same layout. */
type Results = readonly [hidden: TypedArray, cell: TypedArray, dGates: TypedArray, dCell: TypedArray];

function inputs(n: number, m: number, scale: number): Inputs {
  const next = random(n + 31 * m);
  const make = (size: number, factor: number) => Float32Array.from({ length: size }, () => factor * (2 * next() - 1));
  return { gates: make(4 * n * m, scale), cell: make(n * m, 2), hiddenGradient: make(n * m, 1), cellGradient: make(n * m, 1) };
}

/** Through the function of nn-ops in float64: with an identity for its weight, the input of a cell is its gates. */
function expected({ gates, cell, hiddenGradient, cellGradient }: Inputs, n: number): Results {
  setDevice(oracle);
  const options = { dtype: 'float64' } as const;
  const size = cell.length;
  // One instance of `size` hidden units; the kernels have the blocks of gates of every column apart.
  const place = (i: number): number => (i % n) + 4 * n * Math.floor(i / n);
  const row = (data: ArrayLike<number>): KnetArray => array(Float64Array.from(data), { shape: [1, data.length], ...options });
  const perGate = [0, 1, 2, 3].map(k => row(Float64Array.from(cell, (_, i) => gates[place(i) + k * n]!)));
  const [dGates, dCell] = [new Float64Array(4 * size), new Float64Array(size)];
  const [hidden, newCell] = [new Float64Array(size), new Float64Array(size)];
  // A cell of one unit at a time needs no large identity.
  const weight = array([0, 1, 2, 3].map(i => [0, 1, 2, 3].map(j => Number(i === j))).concat([[0, 0, 0, 0]]), options);
  const batch = (x: KnetArray): KnetArray => x.reshape(size, 1);
  const [h0, bias] = [zeros([size, 1], options), zeros([1, 4], options)];
  const run = (x: KnetArray, c: KnetArray) => lstm(weight, bias, h0, c, x);
  const [x, c] = [hcat(...perGate.map(batch)), batch(row(cell))];
  const [h, next] = run(x, c);
  hidden.set(h.dataSync());
  newCell.set(next.dataSync());
  const [dh, dc] = [batch(row(hiddenGradient)), batch(row(cellGradient))];
  const [gx, gc] = grad((all: [KnetArray, KnetArray]) => {
    const [y, z] = run(...all);
    return sum(y.mul(dh)).add(sum(z.mul(dc)));
  })([x, c]);
  dCell.set(gc.dataSync());
  const flat = gx.dataSync();
  for (let i = 0; i < size; i++) for (let k = 0; k < 4; k++) dGates[place(i) + k * n] = flat[i + size * k]!;
  return [hidden, newCell, dGates, dCell];
}

function upload(dtype: DType, shape: readonly number[], data?: ArrayLike<number>): View {
  // The view begins in the middle of its storage.
  const length = shape.reduce((a, b) => a * b, 1);
  const storage = native.allocate(dtype, length + 3);
  const elements = typedArray(dtype, length);
  if (data !== undefined) elements.set(data);
  native.write(storage, 3, elements);
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((a, b) => a * b, 1));
  return { storage, dtype, shape, strides, offset: 3 };
}

function actual({ gates, cell, hiddenGradient, cellGradient }: Inputs, n: number, dtype: DType): Results {
  const m = cell.length / n;
  const [g, c] = [upload(dtype, [n, 4, m], gates), upload(dtype, [n, m], cell)];
  const [hidden, newCell, dGates, dCell] = [upload(dtype, [n, m]), upload(dtype, [n, m]), upload(dtype, [n, 4, m]), upload(dtype, [n, m])];
  native.lstm(g, c, hidden, newCell);
  const states = { hidden: upload(dtype, [n, m], hiddenGradient), cell: upload(dtype, [n, m], cellGradient) };
  native.lstmGradient(g, c, newCell, states, dGates, dCell);
  const read = ({ storage, offset, shape }: View): TypedArray =>
    native.readSync(
      storage,
      dtype,
      offset,
      shape.reduce((a, b) => a * b, 1),
    );
  return [read(hidden), read(newCell), read(dGates), read(dCell)];
}

function expectNear(results: Results, references: Results, epsilon: number): void {
  results.forEach((list, k) => {
    for (let i = 0; i < list.length; i++) {
      const [a, e] = [list[i]!, references[k]![i]!];
      if (!(Math.abs(a - e) <= epsilon * Math.max(1, Math.abs(e)) || Object.is(a, e)))
        expect.fail(`result ${k}, element ${i}: ${a}, expected ${e}`);
    }
  });
}

describe('lstm', () => {
  afterEach(() => {
    native.threads = 2;
  });

  it.each([
    [1, 1],
    [7, 1],
    [8, 3],
    [15, 2],
    [16, 1],
    [17, 5],
    [33, 4],
    [1, 40],
    [2000, 1],
    [250, 80],
    [1500, 3],
  ])('of %i units of %i columns', (n, m) => {
    for (const scale of [1, 10, 100]) {
      const given = inputs(n, m, scale);
      const references = expected(given, n);
      expectNear(actual(given, n, 'float32'), references, 6e-7);
      expectNear(actual(given, n, 'float64'), references, 1e-14);
    }
  });

  it.each([
    [1, 1],
    [7, 3],
    [8, 2],
    [250, 9],
  ])('is as good with AVX2, %i units of %i columns', (n, m) => {
    const given = inputs(n, m, 10);
    const arrays = [given.gates, given.cell, given.hiddenGradient, given.cellGradient];
    const [hidden, cell, dGates, dCell] = avx2Results([`lstm ${n} ${m}`], arrays, [n * m, n * m, 4 * n * m, n * m]);
    expectNear([hidden!, cell!, dGates!, dCell!], expected(given, n), 6e-7);
  });

  it('keeps to its values at the extremes', () => {
    const extremes = [1000, -1000, 0, 88, -88, -104, 3e38, -3e38];
    const next = random(7);
    const n = 50;
    const pick = (size: number) => Float32Array.from({ length: size }, () => extremes[Math.floor(next() * extremes.length)]!);
    const given = { ...inputs(n, 4, 1), gates: pick(16 * n) };
    const references = expected(given, n);
    for (const dtype of ['float32', 'float64'] as const) expectNear(actual(given, n, dtype), references, 6e-7);
    // Infinite gates are as good as very large ones.
    const infinite = given.gates.map(x => (Math.abs(x) > 1e38 ? x * 10 : x));
    expect(infinite.some(x => x === Number.NEGATIVE_INFINITY)).toBe(true);
    expect(actual({ ...given, gates: infinite }, n, 'float32')).toEqual(actual(given, n, 'float32'));
    const tiny = actual({ ...given, gates: new Float32Array(16 * n).fill(-100) }, n, 'float32');
    // Two parts of the size of exp(-100), a subnormal number, no 0.
    expect(tiny[1][0]).toBeCloseTo((given.cell[0]! - 1) * Math.exp(-100), 44);
  });

  it('lets NaN through', () => {
    const given = inputs(20, 2, 1);
    for (let k = 0; k < 4; k++) {
      for (const dtype of ['float32', 'float64'] as const) {
        const gates = given.gates.slice();
        gates[5 + 20 * k] = Number.NaN;
        const [hidden, cell] = actual({ ...given, gates }, 20, dtype);
        expect(hidden[5]).toBeNaN();
        expect(Number.isNaN(cell[5])).toBe(k !== 2);
        expect([hidden[4], hidden[6], cell[6], hidden[25]].some(Number.isNaN)).toBe(false);
      }
    }
  });

  it.each([
    [256, 128],
    [40000, 1],
  ])('has the same bits for every number of threads, %i by %i', (n, m) => {
    const given = inputs(n, m, 3);
    for (const dtype of ['float32', 'float64'] as const) {
      native.threads = 1;
      const first = actual(given, n, dtype);
      for (const threads of [2, 3]) {
        native.threads = threads;
        expect(actual(given, n, dtype).map((x, k) => firstDifference(x, first[k]!))).toEqual([-1, -1, -1, -1]);
      }
    }
  });
});
