import { charlm } from '../data.js';
import type { RunOptions } from './contract.js';
import { perceptronFigures } from './recording.js';
import type { Place } from './sides.js';

/** What a figure counts: µs/op is the time of one function in a chain of them, µs that of a whole call. */
export type Unit = 's' | 'GFLOP/s' | 'µs/op' | 'µs' | 'µs/dispatch';

/** A figure of a micro-benchmark. */
interface Figure {
  name: string;
  unit: Unit;
}

/** How much work a workload is. */
interface Size extends Pick<RunOptions, 'steps' | 'warmup' | 'batch' | 'length'> {
  /** What a reader of the table should know in one line. */
  title: string;
}

/** One line, or one group of lines, of the table. */
export interface Workload extends Size {
  name: string;
  /** How much it is in a page, where WebGPU may run on the processor; workloads without it run in Node alone. */
  inPage?: Size;
  /** The only device that it measures. */
  device?: string;
  /** Present for micro-benchmarks, which report these in place of seconds. */
  figures?: Figure[];
}

const gflops = (name: string): Figure => ({ name, unit: 'GFLOP/s' });

/** A micro-benchmark chooses its sizes itself. */
const micro = { steps: 1, warmup: 0, batch: 1, length: 1 } as const;

/** All workloads, in the order of the table. */
export const workloads: readonly Workload[] = [
  {
    name: 'linreg',
    title: 'linear regression, housing, 10,000 full-batch steps',
    steps: 10_000,
    warmup: 5_000,
    batch: 506,
    length: 1,
    inPage: { title: 'linear regression, housing, 200 full-batch steps', steps: 200, warmup: 20, batch: 506, length: 1 },
  },
  {
    name: 'softmax',
    title: 'softmax regression, MNIST, 10 epochs of 600 batches of 100',
    steps: 6_000,
    warmup: 3_000,
    batch: 100,
    length: 1,
    inPage: { title: 'softmax regression, MNIST, 50 batches of 100', steps: 50, warmup: 5, batch: 100, length: 1 },
  },
  {
    name: 'mlp',
    title: '784-64-10 perceptron, MNIST, 10 epochs of 600 batches of 100',
    steps: 6_000,
    warmup: 3_000,
    batch: 100,
    length: 1,
    inPage: { title: '784-64-10 perceptron, MNIST, 50 batches of 100', steps: 50, warmup: 5, batch: 100, length: 1 },
  },
  {
    name: 'lenet',
    title: 'LeNet, MNIST, 1 epoch of 600 batches of 100',
    steps: 600,
    warmup: 60,
    batch: 100,
    length: 1,
    inPage: { title: 'LeNet, MNIST, 4 batches of 20', steps: 4, warmup: 2, batch: 20, length: 1 },
  },
  {
    name: 'charlm',
    title: 'LSTM language model, 16 steps of 100 characters, batch 128, hidden 256',
    steps: 16,
    warmup: 1,
    batch: charlm.batch,
    length: charlm.length,
    inPage: {
      title: 'LSTM language model, 3 steps of 20 characters, batch 8, hidden 256',
      steps: 3,
      warmup: 2,
      batch: 8,
      length: 20,
    },
  },
  {
    name: 'matmul',
    title: 'matrix products',
    ...micro,
    figures: ['512 AB', '512 AᵀB', '512 ABᵀ', '1024 AB', '64x784x100 forward', '64x784x100 dW', '64x784x100 dX'].map(gflops),
  },
  {
    name: 'overhead',
    title: 'chain of 100 elementwise functions on 10 elements; recording of a 784-64-10 perceptron, batch 100',
    ...micro,
    figures: [
      { name: 'forward', unit: 'µs/op' },
      { name: 'forward+backward', unit: 'µs/op' },
      ...Object.values(perceptronFigures).map((name): Figure => ({ name, unit: 'µs' })),
    ],
  },
  {
    name: 'dispatch',
    title: 'JavaScript time of a dispatch: of 8x8 matrix products, and of training steps of the perceptron and of LeNet',
    ...micro,
    device: 'webgpu',
    figures: ['products', 'mlp step', 'lenet step'].flatMap((name): Figure[] =>
      [name, `${name}, backend`].map(figure => ({ name: figure, unit: 'µs/dispatch' })),
    ),
  },
];

/**
 * The workloads that a run takes.
 *
 * @param names - those that were asked for; without any, all that can run there
 * @throws Error when one that was asked for does not exist, or not in this place or on this device
 */
export function chooseWorkloads(names: readonly string[], place: Place, device: string): Workload[] {
  const problem = ({ name, inPage, device: only }: Workload): string | undefined => {
    if (place === 'page' && inPage === undefined) return `${name} runs in Node alone, not in a page`;
    return only === undefined || only === device ? undefined : `${name} measures the device ${only}: add --device ${only}`;
  };
  const found = names.map(findWorkload);
  const reason = found.map(problem).find(sentence => sentence !== undefined);
  if (reason !== undefined) throw new Error(`bench: ${reason}`);
  const chosen = found.length > 0 ? found : workloads.filter(workload => problem(workload) === undefined);
  return chosen.map(workload => (place === 'page' ? { ...workload, ...workload.inPage } : workload));
}

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
