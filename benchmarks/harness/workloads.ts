import { perceptronFigures } from './recording.js';

/** What a figure counts: µs/op is the time of one function in a chain of them, µs that of a whole call. */
export type Unit = 's' | 'GFLOP/s' | 'µs/op' | 'µs';

/** A figure of a micro-benchmark. */
interface Figure {
  name: string;
  unit: Unit;
}

/** One line, or one group of lines, of the table. */
export interface Workload {
  name: string;
  /** What a reader of the table should know in one line. */
  title: string;
  /** Steps of the whole workload. */
  steps: number;
  warmup: number;
  /** Present for micro-benchmarks, which report these in place of seconds. */
  figures?: Figure[];
}

const gflops = (name: string): Figure => ({ name, unit: 'GFLOP/s' });

/** All workloads, in the order of the table. */
export const workloads: readonly Workload[] = [
  { name: 'linreg', title: 'linear regression, housing, 10,000 full-batch steps', steps: 10_000, warmup: 5_000 },
  { name: 'softmax', title: 'softmax regression, MNIST, 10 epochs of 600 batches of 100', steps: 6_000, warmup: 3_000 },
  { name: 'mlp', title: '784-64-10 perceptron, MNIST, 10 epochs of 600 batches of 100', steps: 6_000, warmup: 3_000 },
  { name: 'lenet', title: 'LeNet, MNIST, 1 epoch of 600 batches of 100', steps: 600, warmup: 60 },
  { name: 'charlm', title: 'LSTM language model, 16 steps of 100 characters, batch 128, hidden 256', steps: 16, warmup: 1 },
  {
    name: 'matmul',
    title: 'matrix products',
    steps: 1,
    warmup: 0,
    figures: ['512 AB', '512 AᵀB', '512 ABᵀ', '1024 AB', '64x784x100 forward', '64x784x100 dW', '64x784x100 dX'].map(gflops),
  },
  {
    name: 'overhead',
    title: 'chain of 100 elementwise functions on 10 elements; recording of a 784-64-10 perceptron, batch 100',
    steps: 1,
    warmup: 0,
    figures: [
      { name: 'forward', unit: 'µs/op' },
      { name: 'forward+backward', unit: 'µs/op' },
      ...Object.values(perceptronFigures).map((name): Figure => ({ name, unit: 'µs' })),
    ],
  },
];

/**
 * The workload called `name`.
 *
 * @throws Error that lists the names, when there is none
 */
export function findWorkload(name: string): Workload {
  const found = workloads.find(workload => workload.name === name);
  if (found === undefined) throw new Error(`bench: no workload "${name}"; there are ${workloads.map(w => w.name).join(', ')}`);
  return found;
}
