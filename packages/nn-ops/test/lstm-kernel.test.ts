/** Which LSTM layers a device runs by its kernel of whole layers, on a strict device that has one. */
import { mockDevice } from '@knet/backend-tests';
import { type DType, dispose, grad, type KnetArray, randn, sum, type TypedArray, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { type RnnLayer, type RnnOptions, rnn, rnnWeights } from '../src/index.js';
import { withLayers } from './kernels.js';
import { expectClose } from './support.js';

let number = 0;
function strict(options: Parameters<typeof mockDevice>[1] = {}): ReturnType<typeof mockDevice> {
  const backend = mockDevice(cpuBackend(), { ...options, name: `strict ${++number}` });
  useBackend(backend);
  return backend;
}

const options = { layers: 2, bidirectional: true } as const;

/** A loss of everything that a network gives, and its gradients with respect to weights, sequence and states. */
function losses({ dtype = 'float64' as DType, time = 5 } = {}) {
  const weights = rnnWeights(3, 4, { ...options, dtype, seed: 1 });
  const x = randn([3, 2, time], { dtype, seed: 2 });
  const states = [3, 4].map(seed => randn([4, 2, 4], { dtype, seed }));
  const loss = (all: readonly [readonly RnnLayer[], ...KnetArray[]]): KnetArray => {
    const { y, hidden, cell } = rnn(all[0], all[1]!, { ...options, hidden: all[2], cell: all[3] });
    return sum(y.mul(y))
      .add(sum(hidden.mul(0.5)))
      .add(sum(cell!.abs2()));
  };
  return { loss, args: [weights, x, ...states] as const };
}

const flat = ([weights, ...arrays]: readonly [readonly RnnLayer[], ...KnetArray[]]): KnetArray[] => [
  ...weights.flatMap(({ weight, bias }) => [weight, bias]),
  ...arrays,
];

describe('a device with a kernel of whole LSTM layers', () => {
  it.each([
    ['float32', 1e-4],
    ['float64', 1e-11],
  ] as const)('gives what others give, %s', async (dtype, tolerance) => {
    const results: TypedArray[][] = [];
    for (const without of [[], ['lstmLayer']] as const) {
      const backend = strict({ without });
      const { loss, args } = losses({ dtype });
      const gradients = flat(grad(loss)(args));
      results.push(await Promise.all([loss(args), ...gradients].map(each => each.data())));
      // Two layers forward in time, in both networks, and the gradients of the first.
      expect(backend.counts.get('lstmLayer')).toBe(without.length === 0 ? 6 : undefined);
    }
    results[0]!.forEach((data, i) => {
      expectClose(data, results[1]![i]!, tolerance);
    });
  });

  it('frees what it kept', () => {
    const backend = strict();
    const { loss, args } = losses();
    const run = (): void => {
      dispose(grad(loss)(args));
      dispose(grad((x: KnetArray) => sum(grad((y: KnetArray) => loss([args[0], y, args[2]!, args[3]!]))(x).abs2()))(args[1]));
    };
    run();
    const before = backend.liveBytes;
    for (let i = 0; i < 3; i++) run();
    expect(backend.liveBytes).toBe(before);
  });

  it('loses nothing when the kernel fails', () => {
    const backend = strict();
    const { loss, args } = losses();
    dispose(grad(loss)(args));
    const before = backend.liveBytes;
    backend.failNext = 'lstmLayer';
    expect(() => grad(loss)(args)).toThrow(/lstmLayer failed/);
    expect(backend.liveBytes).toBe(before);
  });

  it('keeps something for a gradient where one is recorded', () => {
    const kept: boolean[] = [];
    useBackend(withLayers(cpuBackend(), 'noting', kept));
    const w = rnnWeights(3, 4, { dtype: 'float64' });
    const x = randn([3, 2, 5], { dtype: 'float64' });
    const run = (weights: readonly RnnLayer[], input: KnetArray, more: RnnOptions = {}): KnetArray => sum(rnn(weights, input, more).y);
    run(w, x);
    expect(kept.splice(0)).toEqual([false]);
    grad((input: KnetArray) => run(w, input))(x);
    expect(kept.splice(0)).toEqual([true]);
    // Not of a network that the gradient does not go through.
    grad((input: KnetArray) => sum(input.mul(run(w, x))))(x);
    expect(kept.splice(0)).toEqual([false]);
    run(rnnWeights(3, 4, { type: 'gru', dtype: 'float64' }), x, { type: 'gru' });
    run(w, randn([3, 2, 101], { dtype: 'float64' }));
    expect(kept).toEqual([]);
  });
});
