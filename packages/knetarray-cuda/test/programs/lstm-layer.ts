/**
 * LSTM layers on the device: the first argument says what is wanted of them, a second one whether TF32 may be used. Prints what came out,
 * beside whether the device has a kernel for whole layers.
 */
import { conformance } from '@knet/backend-tests';
import { type DType, dispose, grad, type KnetArray, memory, randn, sum, useBackend } from '@knet/knetarray';
import { cudaBackend } from '@knet/knetarray-cuda';
import { type RnnLayer, rnn, rnnWeights } from '@knet/nn-ops';
import { failure } from '../failure.js';

const [wanted, tf32] = process.argv.slice(2);
const backend = cudaBackend({ tf32: tf32 === 'tf32' });
useBackend(backend);

type Arguments = readonly [weights: readonly RnnLayer[], x: KnetArray, ...states: KnetArray[]];

interface Case {
  readonly inputs: number;
  readonly size: number;
  readonly batch: number;
  readonly time: number;
  readonly layers?: number;
  readonly bidirectional?: boolean;
  /** How many of the two states are given. */
  readonly states?: number;
  readonly second?: boolean;
}

const cases: readonly Case[] = [
  { inputs: 1, size: 1, batch: 1, time: 1, states: 2, second: true },
  { inputs: 3, size: 4, batch: 2, time: 5, states: 2, second: true },
  { inputs: 5, size: 3, batch: 1, time: 4, states: 1 },
  { inputs: 2, size: 7, batch: 3, time: 1 },
  { inputs: 4, size: 8, batch: 4, time: 3, layers: 3, states: 2 },
  { inputs: 3, size: 5, batch: 2, time: 3, layers: 2, bidirectional: true, states: 2, second: true },
  { inputs: 40, size: 24, batch: 3, time: 2 },
];

/** A loss of all that a network gives, and where to differentiate it. */
function problem({ inputs, size, batch, time, layers = 1, bidirectional = false, states = 0 }: Case, dtype: DType) {
  const directions = bidirectional ? 2 : 1;
  const weights = rnnWeights(inputs, size, { layers, bidirectional, dtype, seed: 1 }).map(({ weight, bias }, i) => ({
    weight,
    bias: randn(bias.shape, { dtype, seed: 70 + i }),
  }));
  const given = [2, 3].slice(0, states).map(seed => randn([size, batch, layers * directions], { dtype, seed }));
  const factors = randn([size * directions, batch, time], { dtype, seed: 4 });
  const loss = (...[w, x, hidden, cell]: Arguments): KnetArray => {
    const result = rnn(w, x, { layers, bidirectional, hidden, cell });
    return sum(result.y.mul(factors))
      .add(sum(result.hidden.abs2()))
      .add(sum(result.cell!.mul(0.5)));
  };
  const args: Arguments = [weights, randn([inputs, batch, time], { dtype, seed: 5 }), ...given];
  return { loss, args };
}

const numbers = (x: unknown): number[] => [...(x as KnetArray).dataSync()];

/** The loss, its gradients and, where they are wanted, gradients of gradients. */
function resultsOf(c: Case, dtype: DType): number[][] {
  const { loss, args } = problem(c, dtype);
  const results = [numbers(loss(...args))];
  for (const { weight, bias } of grad(loss)(...args)) results.push(numbers(weight), numbers(bias));
  for (let i = 1; i < args.length; i++) results.push(numbers(grad(loss, i as 1)(...args)));
  if (c.second === true) {
    const [w, x, ...states] = args;
    const squares = (input: KnetArray): KnetArray => sum(grad(loss)(w, input, ...states)[0]!.weight.abs2());
    results.push(numbers(grad(squares)(x)));
  }
  return results;
}

const dtypes = ['float32', 'float64'] as const;
const tasks: Record<string, () => unknown> = {
  results: () => dtypes.map(dtype => cases.map(c => resultsOf(c, dtype))),

  /** The tests of the kernel in the conformance suite, and what they throw. */
  async conformance() {
    const tests: { name: string; body: () => Promise<void> }[] = [];
    conformance(() => backend, { describe: (_, body) => body(), it: (name, body) => tests.push({ name, body }) });
    const outcomes: [string, string][] = [];
    for (const { name, body } of tests.filter(test => test.name.startsWith('lstmLayer')))
      outcomes.push([
        name,
        await body().then(
          () => 'passed',
          error => String(error),
        ),
      ]);
    return outcomes;
  },

  /** Bytes in use, by arrays and by all, before and after many steps; and the bytes that some geometries keep, asked for twice. */
  memory() {
    const { loss, args } = problem(cases[1]!, 'float32');
    const step = (): void => dispose(grad(loss)(...args));
    const used = (): number[] => [memory().live, backend.deviceMemory.total - backend.deviceMemory.free];
    step();
    const before = used();
    for (let i = 0; i < 20; i++) step();
    const kept = (batch: number) => backend.lstmLayerMemory({ inputs: 2, size: 2, batch, time: 3 }, 'float64');
    const asked = Array.from({ length: 300 }, (_, i) => kept(i + 1));
    step();
    return { before, after: used(), same: asked.every((bytes, i) => bytes === kept(i + 1)), huge: kept(2 ** 31) ?? null };
  },

  /** What goes wrong in a layer, and whether the device can be used afterwards. */
  error() {
    const { loss, args } = problem(cases[1]!, 'float32');
    const error = failure(() => grad(loss)(...args));
    return [error, failure(() => numbers(args[1].mul(2)))];
  },

  /** A gradient with less kept for it than cuDNN wants. */
  short() {
    const geometry = { inputs: 2, size: 3, batch: 2, time: 4 };
    const array = (shape: readonly number[]) => {
      const length = shape.reduce((n, m) => n * m, 1);
      return { storage: backend.allocate('float32', length), dtype: 'float32' as DType, shape, strides: [], offset: 0 };
    };
    const [weight, bias, x, hidden, cell, y] = [
      [5, 12],
      [1, 12],
      [2, 2, 4],
      [3, 2],
      [3, 2],
      [3, 2, 5],
    ].map(array);
    const kept = { storage: backend.allocate('uint8', 10), dtype: 'uint8' as DType, shape: [10], strides: [1], offset: 0 };
    const inputs = { weight: weight!, bias: bias!, x: x!, hidden: hidden!, cell: cell! };
    return failure(() => backend.lstmLayer(geometry, inputs, y!, kept));
  },
};

const supported = [...dtypes, 'float16' as const].map(dtype => backend.supports('lstmLayer', dtype));
console.log(JSON.stringify({ dnn: backend.info.dnn, supported, outcome: await tasks[wanted!]!() }));
