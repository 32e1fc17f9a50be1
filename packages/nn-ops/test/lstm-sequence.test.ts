import {
  type DType,
  dispose,
  grad,
  gradloss,
  type KnetArray,
  memory,
  permute,
  slice,
  span,
  sum,
  type TypedArray,
  useBackend,
  vcat,
  zeros,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RnnLayer, type RnnOptions, rnn, rnnWeights } from '../src/index.js';
import { fitsSequence, lstmSequence } from '../src/lstm-sequence.js';
import { type LayerArguments, stepByStep } from '../src/lstm-steps.js';
import { withLayers } from './kernels.js';
import { devices, expectClose, expectGradient, normal, numbers } from './support.js';

/** Arguments of a layer with this many inputs, units, instances and steps. */
function problem(inputs: number, size: number, batch: number, time: number): LayerArguments {
  return [
    normal([inputs + size, 4 * size], 1),
    normal([1, 4 * size], 2),
    normal([inputs, batch, time], 3),
    normal([size, batch], 4),
    normal([size, batch], 5),
  ];
}

/** The layer with its arguments as a list, as {@link stepByStep} takes them. */
const whole = ([weight, bias, x, hidden, cell]: LayerArguments, reverse: boolean): KnetArray =>
  lstmSequence(weight, bias, x, { hidden, cell }, reverse);

/** The gradients of all arguments of a layer, with different weights for each element of the result. */
function gradients(run: (args: LayerArguments) => KnetArray, args: LayerArguments): readonly KnetArray[] {
  const shape = run(args).shape;
  const weights = normal(shape, 6).astype(args[0].dtype);
  return grad((all: LayerArguments) => run(all).mul(weights).sum())(args);
}

const sizes: readonly (readonly [inputs: number, size: number, batch: number, time: number])[] = [
  [3, 4, 2, 5],
  [1, 1, 1, 1],
  [2, 3, 4, 1],
  [5, 2, 1, 2],
  [2, 17, 9, 3],
  [4, 3, 2, 8],
];

const layers = withLayers(cpuBackend(), 'layers');
const allDevices = [...devices, ['with kernels of whole layers', () => useBackend(layers)] as const];

describe.each(allDevices)('a whole LSTM layer %s', (_, use) => {
  beforeEach(() => {
    use();
  });

  it.each(sizes)('is as its steps: %i inputs, %i units, batch %i, %i steps', (...lengths) => {
    for (const reverse of [false, true]) {
      const args = problem(...lengths);
      const expected = stepByStep(args, reverse);
      const y = whole(args, reverse);
      expect(y.shape).toEqual([lengths[1], lengths[2], lengths[3] + 1]);
      expectClose(numbers(y), numbers(expected));
      const byStep = gradients(all => stepByStep(all, reverse), args);
      gradients(all => whole(all, reverse), args).forEach((g, i) => {
        expect(g.shape).toEqual(args[i]!.shape);
        expectClose(numbers(g), numbers(byStep[i]!), 1e-11);
      });
      const single = args.map(a => a.astype('float32')) as unknown as LayerArguments;
      const rounded = whole(single, reverse);
      expect(rounded.dtype).toBe('float32');
      expectClose(numbers(rounded), numbers(expected), 2e-6);
      gradients(all => whole(all, reverse), single).forEach((g, i) => {
        expect(g.dtype).toBe('float32');
        expectClose(numbers(g), numbers(byStep[i]!), 2e-4);
      });
    }
  });

  it.each([false, true])('is as its steps where their gates are made ready in several goes, reverse %s', reverse => {
    // 8 steps of gates fill the 4 MiB that are made ready at a time; 19 are two goes and a shorter one.
    const args = problem(2, 64, 256, 19);
    const y = whole(args, reverse);
    expectClose(numbers(y), numbers(stepByStep(args, reverse)), 1e-10);
    const byStep = gradients(all => stepByStep(all, reverse), args);
    gradients(all => whole(all, reverse), args).forEach((g, i) => {
      // Rounding grows on its way through so many steps of large weights.
      expectClose(numbers(g), numbers(byStep[i]!), 1e-6);
    });
  });

  it('has derivatives of both orders for every argument', () => {
    for (const [time, batch, reverse] of [
      [3, 2, false],
      [2, 1, true],
      [1, 2, false],
    ] as const) {
      const args = problem(2, 2, batch, time);
      expectGradient((...all: [KnetArray, KnetArray, KnetArray, KnetArray, KnetArray]) => whole(all, reverse), [...args]);
    }
  });

  it('has a gradient that depends on the variable of an outer gradient through its loss alone', () => {
    const args = problem(2, 3, 2, 3);
    const target = normal([3, 2, 4], 9);
    const inner = (run: typeof whole) => (t: KnetArray) =>
      sum(grad((w: KnetArray) => sum(run([w, ...rest], false).mul(t)))(args[0]).mul(t.slice(0, 0, 0)));
    const [, ...rest] = args;
    expectClose(numbers(grad(inner(whole))(target)), numbers(grad(inner(stepByStep))(target)), 1e-11);
    expectGradient(inner(whole), [target], 1);
  });

  it('takes views, repeated elements and parts of its result', () => {
    const [weight, bias, x, hidden, cell] = problem(3, 2, 4, 5);
    const turned: LayerArguments = [
      permute(permute(weight, [1, 0]), [1, 0]),
      zeros([1, 8], { dtype: 'float64' }).add(bias),
      permute(permute(x, [2, 0, 1]), [1, 2, 0]),
      hidden.t().t(),
      slice(vcat(cell, hidden), span(0, 2)),
    ];
    const expected = stepByStep([weight, bias, x, hidden, cell], false);
    expectClose(numbers(whole(turned, false)), numbers(expected));
    for (const part of [
      (y: KnetArray) => sum(y),
      (y: KnetArray) => sum(slice(y, ':', ':', 5)),
      (y: KnetArray) => sum(slice(y, 1, ':', [4, 2, 4])),
      (y: KnetArray) => slice(y, 1, 2, 0),
    ]) {
      const [g, s] = [whole, stepByStep].map(run => grad((all: LayerArguments) => part(run(all, false)))(turned));
      g!.forEach((array, i) => {
        expectClose(numbers(array), numbers(s![i]!), 1e-11);
      });
    }
  });

  it.each(['float32', 'float64'] as const)('keeps nothing of a %s step', dtype => {
    const weights = rnnWeights(3, 4, { layers: 2, bidirectional: true, dtype });
    const [x, hidden] = [normal([3, 2, 6], 1).astype(dtype), normal([4, 2, 4], 2).astype(dtype)];
    const options: RnnOptions = { layers: 2, bidirectional: true, dropout: 0.3 };
    const loss = (w: RnnLayer[], input: KnetArray, h: KnetArray): KnetArray => {
      const { y, cell } = rnn(w, input, { ...options, hidden: h });
      return y.mul(y).sum().add(cell!.sum());
    };
    const first = gradloss(loss);
    const second = grad((input: KnetArray) => sum(grad(loss, 2)(weights, input, hidden).abs2()));
    const run = (): void => {
      dispose(first(weights, x, hidden));
      dispose(second(x));
      dispose(gradloss(loss, 1)(weights, x, hidden));
    };
    run();
    const before = memory();
    for (let i = 0; i < 3; i++) run();
    expect(memory().live).toBe(before.live);
    expect(memory().arrays).toBe(before.arrays);
  });
});

describe('rnn of LSTM cells', () => {
  beforeEach(() => {
    devices[0]![1]();
  });

  const options = { type: 'lstm', layers: 2, bidirectional: true } as const;

  it.each([1, 4])('is the same whole and in steps, %i steps', time => {
    const w = rnnWeights(3, 2, { ...options, dtype: 'float64', seed: 3 });
    const x = normal([3, 2, time], 1);
    const states = { hidden: normal([2, 2, 4], 2), cell: normal([2, 2, 4], 3) };
    for (const state of [{}, states, { cell: states.cell }]) {
      const all = rnn(w, x, { ...options, ...state });
      // Biases of another dtype make the network go step by step.
      const mixed = w.map(({ weight, bias }) => ({ weight, bias: bias.astype('float32') }));
      const steps = rnn(mixed, x, { ...options, ...state });
      for (const key of ['y', 'hidden', 'cell'] as const) {
        expect(all[key]!.shape).toEqual(steps[key]!.shape);
        expectClose(numbers(all[key]!), numbers(steps[key]!), 1e-12);
      }
    }
  });

  it('records one operation per layer and direction', () => {
    const w = rnnWeights(3, 2, { ...options, dtype: 'float64' });
    const x = normal([3, 2, 40], 1);
    const before = memory().arrays;
    let held = 0;
    grad((all: RnnLayer[]) => {
      const { y } = rnn(all, x, options);
      held = memory().arrays - before;
      return sum(y);
    })(w);
    // Six arrays for each: the result, the gates, two of cells, the states; not one per step.
    expect(held).toBeLessThan(40);
  });

  it('shares no memory between states and sequence', () => {
    const w = rnnWeights(3, 2, { dtype: 'float64' });
    const { y, hidden, cell } = rnn(w, normal([3, 2, 4], 1));
    const before: TypedArray = y.dataSync();
    hidden.set([], 0);
    cell!.set([], 0);
    expect(y.dataSync()).toEqual(before);
  });

  it.each<[DType, DType, boolean]>([
    ['float32', 'float32', true],
    ['float64', 'float64', true],
    ['float32', 'float64', false],
    ['int32', 'int32', false],
  ])('takes %s and %s: %s', (a, b, fits) => {
    expect(fitsSequence([zeros([2], { dtype: a }), zeros([3], { dtype: b })])).toBe(fits);
    expect(fitsSequence([zeros([2], { dtype: a }), zeros([0], { dtype: b })])).toBe(false);
  });
});
