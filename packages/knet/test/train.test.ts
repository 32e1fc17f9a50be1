import { housing } from '@knet/datasets';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  Adam,
  adadelta,
  adagrad,
  adam,
  adamw,
  array,
  converge,
  convergeAsync,
  cycle,
  device,
  grad,
  type KnetArray,
  memory,
  minimize,
  momentum,
  mul,
  nesterov,
  optimizers,
  progress,
  randn,
  rmsprop,
  type Steps,
  seed,
  sgd,
  sub,
  sum,
  update,
  zeros,
} from '../src/index.js';

beforeEach(async () => {
  await device('cpu');
});

const x = () => array([[1, 2, 3, 4]]);
const y = () => array([[3, 5, 7, 9]]);
interface Line {
  w: KnetArray;
  b: number;
}
const line = (): Line => ({ w: zeros([1, 1]), b: 0 });
const loss = (p: Line, xs: KnetArray, ys: KnetArray) => sum(p.w.matmul(xs).add(p.b).sub(ys).pow(2)).div(4);

describe('minimize', () => {
  it('gives way to the rest of the program with for await, and ends its data when it is left early', async () => {
    const p = line();
    let ended = false;
    function* data(): Generator<[KnetArray, KnetArray]> {
      try {
        for (;;) yield [x(), y()];
      } finally {
        ended = true;
      }
    }
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const start = performance.now();
    let steps = 0;
    for await (const J of progress(adam(loss, p, data(), { lr: 0.1 }))) {
      J.dispose();
      steps++;
      if (performance.now() - start > 200) break;
    }
    clearInterval(timer);
    expect(steps).toBeGreaterThan(20);
    expect(ticks).toBeGreaterThan(5);
    expect(ended).toBe(true);
  });

  it('yields the loss before each step, and fits', () => {
    const p = line();
    const data = Array.from({ length: 400 }, (): [KnetArray, KnetArray] => [x(), y()]);
    const iterator = minimize(loss, p, data, () => new Adam({ lr: 0.1 }));
    expectTypeOf(iterator).toEqualTypeOf<Steps<KnetArray, Line>>();
    const losses = [...iterator].map(J => J.itemSync());
    expect(losses.length).toBe(400);
    expect(losses[0]).toBeCloseTo((9 + 25 + 49 + 81) / 4, 5);
    expect(losses[399]).toBeLessThan(1e-3);
    expect([p.w.itemSync(), p.b].map(v => Math.round(v * 10))).toEqual([20, 10]);
  });

  it('does nothing before it is asked, and takes states and plain options', () => {
    const p = line();
    const state = optimizers(p, () => new Adam());
    const iterator = minimize(loss, p, cycle([[x(), y()] as const]), state);
    expect(state.b.step).toBe(0);
    iterator.next();
    iterator.next();
    expect([state.w.step, state.b.step]).toEqual([2, 2]);
    const q = line();
    minimize(loss, q, [[x(), y()]], { lr: 0.5 }).next();
    expect(q.b).toBe(0.5 * 2 * 6);
  });

  it('returns a parameter that is a number', () => {
    const iterator = minimize((w: number, target: number) => mul(sub(w, target), sub(w, target)), 1, [[3], [3]], { lr: 0.25 });
    expect(iterator.next()).toEqual({ value: 4, done: false });
    expect(iterator.next()).toEqual({ value: 1, done: false });
    expect(iterator.next()).toEqual({ value: 2.5, done: true });
  });

  it('leaves nothing live but the losses', () => {
    const p = { w: zeros([1, 1]) };
    const data = [[x(), y()]] as const;
    const f = (q: typeof p, xs: KnetArray, ys: KnetArray) => sum(q.w.matmul(xs).sub(ys).pow(2));
    let live = 0;
    let step = 0;
    for (const J of adam(f, p, cycle(data))) {
      J.dispose();
      if (++step === 3) live = memory().arrays;
      if (step === 60) break;
    }
    expect(memory().arrays).toBe(live);
  });

  it.each(Object.entries({ sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamw }))('%s lowers the loss', (_, minimizer) => {
    const losses = [
      ...minimizer(
        loss,
        line(),
        Array.from({ length: 20 }, (): [KnetArray, KnetArray] => [x(), y()]),
        { lr: 0.01 },
      ),
    ];
    expect(losses[19]!.itemSync()).toBeLessThan(losses[0]!.itemSync());
  });
});

describe('converge', () => {
  it('stops when the moving average rises', () => {
    expect([...converge([5, 4, 3, 3, 9, 1])]).toEqual([5, 4, 3, 3]);
    expect([...converge([5, 4, 6, 1], { alpha: 1 })]).toEqual([5, 4]);
    expect([...converge([5, 3, 4.5, 1, 0], { alpha: 0.1 })]).toEqual([5, 3, 4.5, 1, 0]);
    expect([...converge([array(2), array(1), array(8)])].length).toBe(2);
    expect(() => [...converge([1], { alpha: 0 })]).toThrow('converge: alpha must be above 0 and at most 1, not 0');
  });

  it('ends endless training', async () => {
    let steps = 0;
    const p = line();
    for (const J of converge(sgd(loss, p, cycle([[x(), y()] as const]), { lr: 0.05 }), { alpha: 0.5 })) {
      J.dispose();
      if (++steps > 5000) break;
    }
    expect(steps).toBeLessThan(5000);
    expect(p.b).toBeCloseTo(1, 1);
    const read: number[] = [];
    for await (const z of convergeAsync([array(3), array(2), array(9)])) read.push(await z.item());
    expect(read).toEqual([3, 2]);
  });
});

describe('cycle', () => {
  it('repeats, and ends when there is nothing', () => {
    const three: number[] = [];
    for (const i of cycle([1, 2])) if (three.push(i) === 3) break;
    expect(three).toEqual([1, 2, 1]);
    expect([...cycle([])]).toEqual([]);
  });
});

it('linear regression on the housing data reaches what least squares allow', async () => {
  const { x, y } = await housing();
  seed(1);
  const quadratic = (p: [KnetArray, number]) => p[0].matmul(x).add(p[1]).sub(y).pow(2).mean();
  const gradient = grad(quadratic);
  const p: [KnetArray, number] = [randn([1, 13]).mul(0.1), 0];
  const losses: number[] = [];
  for (let step = 1; step <= 1000; step++) {
    update(p, gradient(p), { lr: 0.1 });
    losses.push(quadratic(p).itemSync());
  }
  expect(Math.abs(losses[0]! - 366)).toBeLessThan(8);
  expect(losses[9]).toBeGreaterThan(29);
  expect(losses[9]).toBeLessThan(30.5);
  expect(losses[999]).toBeCloseTo(21.895, 2);
});
