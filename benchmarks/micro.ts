import { uniform } from './data.js';
import { mlpWeights } from './weights.js';

/** One matrix product of the `matmul` workload: `a` and `b` as they are stored, row-major, and how they are read. */
export interface Product {
  /** Figure that it fills. */
  name: string;
  a: { data: Float32Array; rows: number; columns: number; transposed: boolean };
  b: { data: Float32Array; rows: number; columns: number; transposed: boolean };
  /** Floating-point operations of one product. */
  flop: number;
  /** Largest difference of `result` (row-major) from a float64 product in a spread of places, relative to the largest value. */
  error(result: ArrayLike<number>): number;
}

function product(name: string, m: number, k: number, n: number, ta: boolean, tb: boolean): Product {
  const a = uniform(m * k, 1, 21);
  const b = uniform(k * n, 1, 22);
  const dot = (i: number, j: number): number => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[ta ? p * m + i : i * k + p]! * b[tb ? j * k + p : p * n + j]!;
    return sum;
  };
  return {
    name,
    a: { data: a, rows: ta ? k : m, columns: ta ? m : k, transposed: ta },
    b: { data: b, rows: tb ? n : k, columns: tb ? k : n, transposed: tb },
    flop: 2 * m * k * n,
    error(result) {
      if (result.length !== m * n) throw new Error(`matmul: ${name} gave ${result.length} numbers, expected ${m}x${n}`);
      let [worst, largest] = [0, 0];
      for (let spot = 0; spot < 200; spot++) {
        const [i, j] = [(spot * 37) % m, (spot * 91) % n];
        const expected = dot(i, j);
        worst = Math.max(worst, Math.abs(result[i * n + j]! - expected));
        largest = Math.max(largest, Math.abs(expected));
      }
      return worst / largest;
    },
  };
}

/**
 * The products of the `matmul` workload. The last three are those of the first layer of the perceptron, forward and backward, in
 * the row-major order of the peers: `[100, 784]` instances, `[784, 64]` weights.
 */
export const products = (): Product[] => [
  product('512 AB', 512, 512, 512, false, false),
  product('512 AᵀB', 512, 512, 512, true, false),
  product('512 ABᵀ', 512, 512, 512, false, true),
  product('1024 AB', 1024, 1024, 1024, false, false),
  product('64x784x100 forward', 100, 784, 64, false, false),
  product('64x784x100 dW', 784, 100, 64, true, false),
  product('64x784x100 dX', 100, 64, 784, false, true),
];

/** Relative error above which a product counts as wrong. */
export const tolerance = 1e-4;

/** The chain of the `overhead` workload: `pairs` times `x = x * factor + term`, so twice as many functions. */
export const chain = {
  pairs: 50,
  x: uniform(10, 1, 31),
  factor: uniform(10, 1, 32),
  term: uniform(10, 1, 33),
  /** Result of the chain for element `i`, in float64. */
  value(i: number): number {
    let value = this.x[i]!;
    for (let p = 0; p < this.pairs; p++) value = value * this.factor[i]! + this.term[i]!;
    return value;
  },
  /** Largest difference of `result` from `value`. */
  error(result: ArrayLike<number>): number {
    if (result.length !== this.x.length) throw new Error(`overhead: ${result.length} numbers, expected ${this.x.length}`);
    return this.x.reduce((worst, _, i) => Math.max(worst, Math.abs(result[i]! - this.value(i))), 0);
  },
  /** Largest difference of `gradient` of the sum of the chain with respect to `x` from factor to the power `pairs`. */
  gradientError(gradient: ArrayLike<number>): number {
    return this.factor.reduce((worst, f, i) => Math.max(worst, Math.abs(gradient[i]! - f ** this.pairs)), 0);
  },
};

/**
 * The perceptron whose recording the `overhead` workload measures: 784 to 64 to 10 with relu, 100 instances, the sum of squared
 * differences from `y` divided by the number of instances as loss. Layouts are those of `data.ts`; both biases are 0.
 */
export function perceptron() {
  const [inputs, hidden, outputs, instances] = [784, 64, 10, 100];
  const [first, second] = mlpWeights();
  const x = uniform(instances * inputs, 1, 41);
  const y = uniform(instances * outputs, 1, 42);
  /** Loss, and its gradient with respect to the second bias, in float64. */
  const expected = (): { loss: number; gradient: Float64Array } => {
    let loss = 0;
    const gradient = new Float64Array(outputs);
    for (let n = 0; n < instances; n++) {
      const layer = new Float64Array(hidden);
      for (let i = 0; i < inputs; i++) for (let h = 0; h < hidden; h++) layer[h]! += x[n * inputs + i]! * first[i * hidden + h]!;
      for (let o = 0; o < outputs; o++) {
        let score = 0;
        for (let h = 0; h < hidden; h++) score += Math.max(0, layer[h]!) * second[h * outputs + o]!;
        const difference = score - y[n * outputs + o]!;
        loss += difference ** 2 / instances;
        gradient[o]! += (2 * difference) / instances;
      }
    }
    return { loss, gradient };
  };
  return {
    inputs,
    hidden,
    outputs,
    instances,
    first,
    second,
    x,
    y,
    /** Largest relative difference of a loss and of a gradient of the second bias from the right ones. */
    error(loss: number, gradient: ArrayLike<number>): number {
      const right = expected();
      if (gradient.length !== outputs) throw new Error(`perceptron: a gradient of ${gradient.length} numbers, expected ${outputs}`);
      const largest = right.gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
      const wrong = right.gradient.map((g, i) => Math.abs(gradient[i]! - g) / largest);
      return Math.max(Math.abs(loss / right.loss - 1), ...wrong);
    },
  };
}

/** Seconds that each figure of a micro-benchmark is measured for. */
export const roundTime = (budget: number): number => Math.min(0.5, budget / 20);

/**
 * `error`, when it is small enough.
 *
 * @throws Error that names the function, when it is not
 */
export function accept(what: string, error: number): number {
  if (!(error <= tolerance)) throw new Error(`${what}: wrong by ${error}, more than ${tolerance}`);
  return error;
}
