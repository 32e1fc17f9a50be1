/** The leak counter: once a gradient call has returned, nothing that its tape made is live but what it returned or the user kept. */
import * as knet from '@knet/knetarray';
import { type Device, type KnetArray, setDevice, span } from '@knet/knetarray';
import { assert } from '../compare.js';
import { sample, upload } from '../host.js';
import type { Suite } from '../suite.js';
import { gradientCases } from './gradient-cases.js';
import { argumentsOf } from './gradients.js';

let number = 0;

/** A device of its own for one test, whose storages nobody else counts. */
function ownDevice(suite: Suite): Device {
  const device = suite.fresh(`memory ${++number}`);
  setDevice(device);
  return device;
}

/** Storages in use. */
const storages = (device: Device): number => device.memory.report().arrays;

/**
 * Calls `step` several times. Each time, the storages in use afterwards are those before plus `kept`; once what it returned is
 * disposed, they are those before, in arrays and in bytes.
 */
async function flat(device: Device, what: string, kept: number, step: (i: number) => unknown): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const before = device.memory.report();
    const result = step(i);
    const held = storages(device) - before.arrays;
    assert(held === kept, `${what}, step ${i}: ${held} storages stay in use after the call, expected ${kept}`);
    knet.dispose(result);
    const after = device.memory.report();
    assert(
      after.arrays === before.arrays && after.live === before.live,
      `${what}, step ${i}: ${after.arrays - before.arrays} storages and ${after.live - before.live} bytes stay after dispose`,
    );
  }
}

const small = (seed: number, ...shape: number[]): KnetArray => upload(sample('float32', shape, { seed }));

/** Registers the tests. */
export function checkLeaks(suite: Suite): void {
  const test = (name: string, body: (device: Device) => Promise<void>): void =>
    suite.test('memory', undefined, () => body(ownDevice(suite)), name);
  suite.group('memory', () => {
    test('training a multilayer perceptron', training);
    test('every differentiable function', everyFunction);
    test('views in a gradient', async device => {
      const w = small(1, 6, 4);
      const f = knet.grad((v: KnetArray) => {
        const views = [
          v.t().reshape(24),
          v.slice(':', span(1, 3)).vec(),
          v.permute(1, 0).vec(),
          knet.expand(v.slice(0).reshape(1, 4), [3, 4]).vec(),
        ];
        return knet.abs2(knet.vcat(...views)).sum();
      });
      await flat(device, 'views', 1, () => f(w));
      await flat(device, 'a gradient that is a view', 1, () => knet.grad((v: KnetArray) => v.t().matmul(v).sum())(w));
    });
    test('value() and gradloss', async device => {
      const w = small(1, 5);
      // The gradient and both values, which are computed at the latest when the differentiated function ends.
      await flat(device, 'value()', 3, () => {
        const kept: KnetArray[] = [];
        const g = knet.grad((v: KnetArray) => {
          const y = v.exp();
          kept.push(knet.value(y), knet.value(y.mul(v).add(1)));
          return y.sum();
        })(w);
        return [g, kept];
      });
      await flat(device, 'gradloss', 2, () => knet.gradloss((v: KnetArray) => v.exp().sum())(w));
      await flat(device, 'value() of a leaf', 1, () => knet.grad((v: KnetArray) => knet.value(v).mul(v).sum())(w));
    });
    test('boxes left in containers', async device => {
      const w = small(1, 4, 4);
      const x = small(2, 4, 3);
      const f = knet.grad((v: KnetArray, state: { h: KnetArray; list: KnetArray[]; map: Map<string, KnetArray> }) => {
        const h = v.matmul(x).exp();
        state.h = h;
        state.list.push(h.slice(':', 0), h.mul(2));
        state.map.set('sum', h.sum());
        return h.mul(h).sum();
      });
      // The gradient, h with the view of it, h doubled, the sum.
      await flat(device, 'boxes in containers', 4, () => {
        const state = { h: x, list: [] as KnetArray[], map: new Map<string, KnetArray>() };
        return [f(w, state), state];
      });
    });
    test('a recurrent state', async device => {
      const w = small(1, 4, 4);
      const x = small(2, 4, 3);
      const state: { h: KnetArray } = { h: small(3, 4, 3) };
      const step = knet.grad((v: KnetArray, s: { h: KnetArray }) => {
        for (let t = 0; t < 4; t++) s.h = knet.tanh(v.matmul(s.h).add(x));
        return knet.abs2(s.h).sum();
      });
      await flat(device, 'a recurrent state', 1, () => {
        const before = state.h;
        const g = step(w, state);
        before.dispose();
        return g;
      });
    });
    test('nested gradients', async device => {
      const w = small(1, 3, 2);
      const x = small(2, 3, 2);
      const inner = knet.grad((v: KnetArray) => knet.tanh(v.mul(v)).mul(x).sum());
      await flat(device, 'the second order', 1, () => knet.grad((v: KnetArray) => knet.abs2(inner(v)).sum())(w));
      await flat(device, 'the third order', 1, () => {
        const second = knet.grad((v: KnetArray) => knet.abs2(inner(v)).sum());
        return knet.grad((v: KnetArray) => knet.abs2(second(v)).sum())(w);
      });
      await flat(device, 'a gradient with respect to another variable inside', 1, () =>
        knet.grad((v: KnetArray) => v.mul(knet.grad((u: KnetArray) => u.mul(v).exp().sum())(x)).sum())(w),
      );
    });
    test('a function that throws', async device => {
      const w = small(1, 4, 4);
      const broken = knet.primitive<(x: KnetArray) => KnetArray>('broken', {
        methods: [[[knet.KnetArray], (x: KnetArray) => x.mul(2)]],
        derivatives: [
          () => () => {
            throw new Error('a rule that throws');
          },
        ],
      });
      const attempt = (f: (v: KnetArray) => KnetArray) => (): undefined => {
        try {
          knet.dispose(knet.grad(f)(w));
        } catch {
          return undefined;
        }
        throw new Error('expected an error');
      };
      await flat(
        device,
        'a function that throws in the middle',
        0,
        attempt(v => {
          const y = v.matmul(v).exp();
          y.mul(v).sum();
          throw new Error('in the middle');
        }),
      );
      await flat(
        device,
        'a rule that throws',
        0,
        attempt(v => broken(v.exp()).mul(v).sum()),
      );
      await flat(
        device,
        'a result that is no scalar',
        0,
        attempt(v => v.matmul(v)),
      );
      await flat(
        device,
        'shapes that do not fit',
        0,
        attempt(v => v.exp().matmul(v.slice(span(0, 3)))),
      );
    });
    test('masks made inside a function', async device => {
      const w = small(1, 40, 30);
      const masked = knet.primitive<(x: KnetArray, p: number) => KnetArray>('masked', {
        methods: [[[knet.KnetArray, Number], (x: KnetArray, p: number) => x.mul(knet.gt(knet.rand(x.shape), p))]],
        derivatives: [
          ({ y }) =>
            dy =>
              knet.mul(dy, knet.ne(y, 0)),
        ],
      });
      await flat(device, 'a mask inside a generic function', 1, () =>
        knet.grad((v: KnetArray) => knet.abs2(masked(v.exp(), 0.5)).sum())(w),
      );
    });
    test('unused leaves, shared gradients, numbers', async device => {
      const [a, b] = [small(1, 3), small(2, 3)];
      await flat(device, 'an unused leaf', 1, () => knet.grad((p: KnetArray[]) => p[0]!.exp().sum())([a, b]));
      await flat(device, 'one gradient for two leaves', 2, () => knet.grad((p: KnetArray[]) => p[0]!.add(p[1]!).exp().sum())([a, b]));
      await flat(device, 'a constant function', 0, () => knet.grad((_v: KnetArray) => 3)(a));
      await flat(device, 'a weight used many times', 1, () =>
        knet.grad((v: KnetArray) => {
          let y: KnetArray = v;
          for (let i = 0; i < 40; i++) y = knet.sin(y.mul(v).add(b));
          return y.sum();
        })(a),
      );
    });
    test('the tape form', async device => {
      const array = small(1, 4, 4);
      const w = knet.param(array);
      await flat(device, 'diff', 2, () => {
        const J = knet.diff(() => w.matmul(w).exp().sum());
        return [J.value, J.grad(w)];
      });
    });
    test('everything disposed', async device => {
      const w = small(1, 33, 31);
      const y = w.add(1).mul(2);
      const views = [w.t(), w.reshape(31, 33), w.slice(span(0, 2))];
      const z = y.sum({ dims: 0 });
      await z.data();
      w.set([0, 0], 1);
      knet.dispose([w, y, z, views]);
      await suite.options.collectGarbage?.();
      device.memory.sweep();
      device.memory.trim();
      const { live, pooled, arrays } = device.memory.report();
      // Without a garbage collector to ask, intermediate results that were never named stay until it comes by.
      const expected = suite.options.collectGarbage === undefined ? 1 : 0;
      assert(arrays <= expected, `${arrays} storages with ${live} bytes are live after everything was disposed`);
      assert(pooled === 0, `${pooled} bytes stay pooled after trim`);
    });
    test('dropped readers', async device => {
      const { collectGarbage } = suite.options;
      if (collectGarbage === undefined) return;
      const w = small(1, 33, 31);
      const before = storages(device);
      for (let i = 0; i < 20; i++) {
        w.mul(i).add(1);
        w.set(0, i);
      }
      await collectGarbage();
      device.memory.sweep();
      assert(storages(device) === before, `${storages(device) - before} storages stay for readers that were dropped before they ran`);
      w.dispose();
    });
    test('a long synchronous loop', device => longLoop(device, suite.options.steps ?? 1000));
  });
}

async function everyFunction(device: Device): Promise<void> {
  for (const c of gradientCases) {
    const args = argumentsOf(c, 'float32');
    const total = (list: KnetArray[]): KnetArray => {
      const result = c.run(...list);
      const parts = (Array.isArray(result) ? result : [result]) as KnetArray[];
      return parts.map(part => knet.sin(part).sum()).reduce((a, b) => a.add(b));
    };
    const what = `${c.name} of ${JSON.stringify(c.shapes)}`;
    knet.dispose(knet.grad(total)(args));
    await flat(device, what, args.length, () => knet.grad(total)(args));
    const squared = (list: KnetArray[]): KnetArray =>
      knet
        .grad(total)(list)
        .map(g => knet.abs2(g).sum())
        .reduce((a, b) => a.add(b));
    await flat(device, `${what}, second order`, args.length, () => knet.grad(squared)(args));
    knet.dispose(args);
  }
}

interface Perceptron {
  layers: { w: KnetArray; b: KnetArray }[];
}

function perceptron(): Perceptron {
  const sizes = [20, 16, 12, 5];
  return { layers: sizes.slice(1).map((n, i) => ({ w: small(i, n, sizes[i]!), b: knet.zeros([n, 1]) })) };
}

const loss = (model: Perceptron, x: KnetArray, y: KnetArray): KnetArray => {
  let h = x;
  for (const { w, b } of model.layers) h = knet.tanh(w.matmul(h).add(b));
  return knet.abs2(h.sub(y)).mean();
};

/** One step of gradient descent, as an optimizer does it: temporaries end with their scope. */
function descend(model: Perceptron, gradient: Perceptron, rate: number): void {
  const mark = knet.openScope();
  try {
    knet.assign(
      model.layers.flatMap(({ w, b }, i) => {
        const g = gradient.layers[i]!;
        return [[w, w.sub(g.w.mul(rate))] as const, [b, b.sub(g.b.mul(rate))] as const];
      }),
    );
  } finally {
    knet.closeScope(mark);
  }
}

async function training(device: Device): Promise<void> {
  const model = perceptron();
  const [x, y] = [small(7, 20, 32), small(8, 5, 32)];
  const lossGradient = knet.gradloss(loss);
  const history: number[] = [];
  let live = 0;
  for (let i = 0; i < 12; i++) {
    const [gradient, value] = lossGradient(model, x, y);
    descend(model, gradient, 0.5);
    history.push(await value.item());
    knet.dispose([gradient, value]);
    const now = device.memory.report().live;
    if (i >= 2) assert(now === (live || now), `training: ${now} bytes are live after step ${i}, ${live} after step 2`);
    if (i >= 2) live = now;
  }
  assert(history.at(-1)! < 0.7 * history[0]!, `training: the loss went from ${history[0]} to ${history.at(-1)}`);
  // The gradients are not disposed but dropped: what stays is theirs alone.
  const before = storages(device);
  const [gradient, value] = lossGradient(model, x, y);
  assert(storages(device) - before === 7, `training: ${storages(device) - before} storages for 6 gradients and the loss`);
  knet.dispose([gradient, value, model, x, y]);
  assert(device.memory.report().live === 0, `training: ${device.memory.report().live} bytes are live after everything was disposed`);
}

/** Steps without a turn of the event loop in between, where no finalizer runs: memory of the steps must be reused within the loop. */
async function longLoop(device: Device, steps: number): Promise<void> {
  const model = perceptron();
  const [x, y] = [small(7, 20, 32), small(8, 5, 32)];
  const lossGradient = knet.grad(loss);
  let after = 0;
  for (let i = 0; i < steps; i++) {
    const gradient = lossGradient(model, x, y);
    descend(model, gradient, 0.01);
    knet.dispose(gradient);
    if (i === 2) after = device.memory.report().peak;
  }
  const { peak } = device.memory.report();
  assert(peak === after, `a loop of ${steps} steps: the peak rose from ${after} to ${peak} bytes`);
  for (const v of await model.layers[0]!.w.data()) assert(Number.isFinite(v), 'a weight is not finite after the loop');
}
