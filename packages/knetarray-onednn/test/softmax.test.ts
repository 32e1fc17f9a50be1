import { array, type Device, type DType, grad, type KnetArray, setDevice, sum, type TypedArray, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { logp, softmax } from '@knet/nn-ops';
import { afterEach, describe, expect, it } from 'vitest';
import { firstDifference, native, random } from './both-backends.js';
import { avx2Results } from './kernel-avx2.js';

const device = useBackend(native);
const oracle = useBackend(cpuBackend({ wasm: false, name: 'plain' }));
const functions = { softmax, logp };
type Name = keyof typeof functions;

/** Shapes with the dimensions that are normalised: rows and columns around the lengths of vectors, blocks and sums. */
const cases: readonly (readonly [shape: readonly number[], dims: number | number[] | undefined])[] = [
  ...[1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 257].flatMap(n => [
    [[n, 5], 0] as const,
    [[n, 37], 0] as const,
    [[5, n], 1] as const,
    [[n, 3, 2], 1] as const,
  ]),
  [[1, 1], 0],
  [[16, 16], 0],
  [[4100, 3], 0],
  [[3, 4100], 1],
  [[3, 130, 70], 1],
  [[70, 130, 3], 1],
  [[20, 700], undefined],
  [
    [4, 5, 6, 7],
    [1, 2],
  ],
];

interface Results {
  readonly y: TypedArray;
  readonly dx: TypedArray;
}

/** A function and its gradient, with fixed weights for the elements of the result, on a device. */
function run(
  on: Device,
  name: Name,
  dtype: DType,
  x: Float32Array,
  shape: readonly number[],
  dims: number | number[] | undefined,
): Results {
  setDevice(on);
  const f = functions[name];
  const options = dims === undefined ? {} : { dims };
  const next = random(x.length);
  const weights = array(
    Float64Array.from(x, () => Math.fround(next() - 0.5)),
    { shape, dtype },
  );
  const input = array(Float64Array.from(x), { shape, dtype });
  const gradient = grad((a: KnetArray) => sum(f(a, options).mul(weights)))(input);
  return { y: f(input, options).dataSync(), dx: gradient.dataSync() };
}

function expectNear(actual: Results, expected: Results, name: Name, epsilon: number, count: number): void {
  for (let i = 0; i < expected.y.length; i++) {
    const [y, e] = [actual.y[i]!, expected.y[i]!];
    // The difference to the maximum is rounded, which the exponential multiplies.
    const allowed = name === 'logp' ? Math.max(1, Math.abs(e)) : e * (1 + Math.abs(Math.log(e || 1)));
    if (!(y === e || Math.abs(y - e) <= epsilon * allowed + 1e-44)) expect.fail(`element ${i}: ${y}, expected ${e}`);
    const [dx, d] = [actual.dx[i]!, expected.dx[i]!];
    const sums = name === 'logp' ? 1 + Math.sqrt(count) : 1;
    if (!(Math.abs(dx - d) <= 2 * epsilon * (Math.abs(d) + sums))) expect.fail(`gradient ${i}: ${dx}, expected ${d}`);
  }
}

describe.each(['softmax', 'logp'] as const)('%s', name => {
  afterEach(() => {
    native.threads = 2;
  });

  it.each(cases)('of %j over %j', (shape, dims) => {
    const size = shape.reduce((n, m) => n * m, 1);
    for (const scale of [1, 30]) {
      const next = random(size + scale);
      const x = Float32Array.from({ length: size }, () => scale * (next() * 2 - 1));
      const expected = run(oracle, name, 'float64', x, shape, dims);
      expectNear(run(device, name, 'float32', x, shape, dims), expected, name, 4e-7, size);
      expectNear(run(device, name, 'float64', x, shape, dims), expected, name, 2e-15, size);
    }
  });

  it.each([[[7, 3], 0] as const, [[40, 3], 0] as const, [[300, 3], 0] as const, [[3, 40], 1] as const])(
    'of extreme numbers in %j over %j',
    (shape, dims) => {
      const size = shape[0] * shape[1];
      const extremes = [1000, -1000, Number.NEGATIVE_INFINITY, 0, 3e38, -3e38, 88, -88, -104, 1e-45, 999.9];
      const next = random(3);
      const x = Float32Array.from({ length: size }, () => extremes[Math.floor(next() * extremes.length)]!);
      for (const dtype of ['float32', 'float64'] as const) {
        const expected = run(oracle, name, 'float64', x, shape, dims);
        const actual = run(device, name, dtype, x, shape, dims);
        expect(Array.from(actual.y, Number.isNaN)).toEqual(Array.from(expected.y, Number.isNaN));
        // -6e38 is no float32 number.
        const rounded = { ...expected, y: dtype === 'float32' ? Float32Array.from(expected.y) : expected.y };
        expectNear(actual, rounded, name, 4e-7, size);
      }
    },
  );

  it.each([0, 1])('is NaN along dimension %i where there is a NaN, +Infinity, or nothing but -Infinity', dims => {
    const shape = dims === 0 ? [20, 4] : [4, 20];
    for (const dtype of ['float32', 'float64'] as const) {
      const x = new Float32Array(80);
      const at = (i: number, group: number): number => (dims === 0 ? i + 20 * group : group + 4 * i);
      x[at(17, 0)] = Number.NaN;
      x[at(3, 1)] = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 20; i++) x[at(i, 2)] = Number.NEGATIVE_INFINITY;
      const { y } = run(device, name, dtype, x, shape, dims);
      for (let i = 0; i < 20; i++) {
        for (let group = 0; group < 3; group++) expect(y[at(i, group)]).toBeNaN();
        expect(y[at(i, 3)]).toBeCloseTo(name === 'logp' ? -Math.log(20) : 1 / 20, 6);
      }
    }
  });

  it.each([[[84, 1280], 0] as const, [[1280, 84], 1] as const, [[12, 70, 130], 1] as const])(
    'has the same bits for every number of threads, %j over %i',
    (shape, dims) => {
      const size = shape.reduce<number>((n, m) => n * m, 1);
      const next = random(5);
      const x = Float32Array.from({ length: size }, () => 10 * next());
      for (const dtype of ['float32', 'float64'] as const) {
        native.threads = 1;
        const expected = run(device, name, dtype, x, shape, dims);
        for (const threads of [2, 3]) {
          native.threads = threads;
          const { y, dx } = run(device, name, dtype, x, shape, dims);
          expect([firstDifference(y, expected.y), firstDifference(dx, expected.dx)]).toEqual([-1, -1]);
        }
      }
    },
  );

  it('is as good with AVX2', () => {
    for (const [inner, length, outer] of [
      [1, 5, 9],
      [1, 8, 8],
      [1, 23, 7],
      [1, 3000, 2],
      [5, 9, 2],
      [41, 70, 1],
    ] as const) {
      const size = inner * length * outer;
      const next = random(size);
      const x = Float32Array.from({ length: size }, () => 20 * next() - 10);
      const expected = run(oracle, name, 'float64', x, [inner, length, outer], 1);
      const weights = random(size);
      const dy = Float32Array.from(x, () => Math.fround(weights() - 0.5));
      const [y, dx] = avx2Results([`softmax ${name === 'logp' ? 1 : 0} ${inner} ${length} ${outer}`], [x, dy], [size, size]);
      expectNear({ y: y!, dx: dx! }, expected, name, 4e-7, size);
    }
  });
});
