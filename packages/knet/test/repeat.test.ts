import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Adam,
  abs2,
  add,
  array,
  device,
  diff,
  dispose,
  full,
  grad,
  gradloss,
  KnetArray,
  logp,
  matmul,
  memory,
  mul,
  optimizers,
  param,
  primitive,
  rand,
  relu,
  repeatGradients,
  seed,
  span,
  sub,
  update,
  value,
  zeros,
} from '../src/index.js';

/** Twice x, and how often it was really computed: not at all in a call that follows notes. */
let computed = 0;
const twice = primitive<(x: KnetArray) => KnetArray>('twice', {
  methods: [
    [
      [KnetArray],
      (x: KnetArray) => {
        computed++;
        return mul(x, 2);
      },
    ],
  ],
  derivatives: [() => dy => mul(dy, 2)],
  stateless: true,
});

/** Runs the same calls with and without repeating, and compares the bits of all that they give. */
function bothWays(run: () => number[][]): number[][] {
  repeatGradients(false);
  const plain = run();
  repeatGradients(true);
  computed = 0;
  const repeated = run();
  expect(repeated).toEqual(plain);
  return repeated;
}

const numbers = (x: KnetArray | number): number[] => (typeof x === 'number' ? [x] : [...x.dataSync()]);

afterAll(() => repeatGradients(true));

describe.each(['cpu', 'onednn'])('gradients that repeat themselves, on %s', name => {
  beforeEach(async () => {
    await device(name);
    seed(1);
  });

  it('give the same bits, with a number among the weights and an optimizer between the calls', () => {
    const x = rand([3, 20]);
    const y = rand([1, 20]);
    bothWays(() => {
      const loss = ([w, b]: [KnetArray, number]): KnetArray =>
        abs2(sub(add(matmul(w, twice(x).mul(0.5).mul(1)), b), y))
          .sum()
          .div(20);
      const plainLoss = ([w, b]: [KnetArray, number]): KnetArray =>
        abs2(sub(add(matmul(twice(w), x), b), y))
          .sum()
          .div(20);
      let w: [KnetArray, number] = [full([1, 3], 0.5), 0];
      const trace: number[][] = [];
      for (const f of [grad(loss), grad(plainLoss)]) {
        for (let i = 0; i < 8; i++) {
          const g = f(w);
          trace.push(numbers(g[0]), [g[1]]);
          w = update(w, g, { lr: 0.1 });
        }
      }
      return trace;
    });
    // The second gradient function computed twice(w) three times only; the first one has it outside of what is differentiated.
    expect(computed).toBe(8 + 3);
  });

  it('take up batches of other shapes, and other views, without mixing them up', () => {
    const x = rand([4, 50]);
    const y = rand([3, 50]);
    const w0 = [rand([3, 4]), zeros([3, 1])];
    bothWays(() => {
      const w = w0.map(v => v.add(0));
      const f = grad((v: KnetArray[], a: KnetArray, b: KnetArray) =>
        b
          .mul(logp(relu(twice(v[0]!).matmul(a)).add(v[1]!), { dims: 0 }))
          .sum()
          .neg()
          .div(b.shape[1]!),
      );
      const state = optimizers(w, () => new Adam());
      const trace: number[][] = [];
      for (let i = 0; i < 24; i++) {
        const [from, to] = i % 6 === 5 ? [40, 47] : [(i % 5) * 10, (i % 5) * 10 + 10];
        const g = f(w, x.slice(':', span(from, to)), y.slice(':', span(from, to)));
        trace.push(...g.map(numbers));
        update(w, g, state);
      }
      return trace;
    });
    expect(computed).toBeLessThan(12);
  });

  it('follow a function that goes another way, looks at a value, or throws', () => {
    const w0 = rand([5]);
    const seen = (trace: number[][], x: KnetArray): void => void trace.push(numbers(value(x)));
    bothWays(() => {
      const trace: number[][] = [];
      const f = grad((w: KnetArray, i: number) => {
        let y = twice(w);
        if (i === 6 || i === 7) seen(trace, y);
        y = y.mul(w);
        if (i === 9) throw new Error('stop');
        if (i === 11) y = y.add(1).mul(y);
        return y.mul(i === 13 ? 3 : 1).sum();
      });
      for (let i = 0; i < 16; i++) {
        try {
          trace.push(numbers(f(w0, i)));
        } catch (error) {
          trace.push([error instanceof Error && error.message === 'stop' ? 1 : 0]);
        }
      }
      return trace;
    });
  });

  it('give the loss too, zeros for unused weights, and gradients that are the caller’s own', () => {
    const w0 = { a: rand([4]), unused: rand([2, 2]), b: rand([4]) };
    bothWays(() => {
      const f = gradloss((w: typeof w0) => twice(w.a).mul(w.b).sum());
      const trace: number[][] = [];
      for (let i = 0; i < 7; i++) {
        const [g, loss] = f(w0);
        trace.push(numbers(g.a), numbers(g.unused), numbers(g.b), numbers(loss));
        g.a.set(0, 100);
      }
      return trace;
    });
    expect(computed).toBe(3);
  });

  it('do not repeat what depends on more than arguments', () => {
    const w = full([3], 2);
    let factor = 1;
    const scaled = primitive<(x: KnetArray) => KnetArray>('scaled', {
      methods: [[[KnetArray], (x: KnetArray) => mul(x, factor)]],
      derivatives: [() => dy => mul(dy, factor)],
    });
    const f = grad((x: KnetArray) => scaled(x).sum());
    for (factor = 1; factor < 8; factor++) expect(numbers(f(w))).toEqual([factor, factor, factor]);
  });

  it('notice that lists among options have changed', () => {
    const x = rand([2, 3]);
    bothWays(() => {
      const dims = [0];
      const f = grad((w: KnetArray) => twice(w).sum({ dims }).mul(w.sum({ dims })).sum());
      const trace: number[][] = [];
      for (let i = 0; i < 8; i++) {
        dims[0] = i < 5 ? 0 : 1;
        trace.push(numbers(f(x)));
      }
      return trace;
    });
  });

  it('read arrays as they were when they were used', () => {
    bothWays(() => {
      const x = full([3], 2);
      const w = full([3], 1);
      const trace: number[][] = [];
      const f = grad((v: KnetArray, i: number) => {
        const y = v.add(x);
        if (i >= 5) x.set(0, i);
        const z = y.mul(y);
        const temporary = full([3], i).add(0);
        temporary.dataSync();
        const s = z.mul(temporary).sum();
        if (i === 7) dispose(temporary);
        return s;
      });
      for (let i = 0; i < 9; i++) {
        try {
          trace.push(numbers(f(w, i)));
        } catch (error) {
          trace.push([-1, String(error).length > 0 ? 1 : 0]);
        }
        trace.push(numbers(x));
      }
      return trace;
    });
  });

  it('leave states in containers', () => {
    const w = full([3], 0.5);
    bothWays(() => {
      const f = grad((v: KnetArray, state: { h: KnetArray }) => {
        state.h = state.h.mul(v).add(v);
        return state.h.sum();
      });
      const state = { h: full([3], 1) };
      const trace: number[][] = [];
      for (let i = 0; i < 8; i++) trace.push(numbers(f(w, state)), numbers(state.h));
      return trace;
    });
  });

  it('stay right inside and around other gradients', () => {
    const w = array([1, 2, 3]);
    bothWays(() => {
      const inner = grad((x: KnetArray) => x.mul(x).mul(x).sum());
      const outer = grad((x: KnetArray) => inner(x).mul(x).sum());
      const p = param(full([3], 2));
      const beside = grad((x: KnetArray) => {
        const y = x.mul(x);
        const g = diff(() => p.mul(p).sum()).grad(p);
        return y.mul(g).sum();
      });
      const trace: number[][] = [];
      for (let i = 0; i < 8; i++) trace.push(numbers(inner(w)), numbers(outer(w)), numbers(beside(w)));
      return trace;
    });
  });

  it('keep the same arrays apart or together as before', () => {
    const [a, b] = [rand([4]), rand([4])];
    bothWays(() => {
      const f = grad((w: KnetArray, x: KnetArray, y: KnetArray) => w.mul(x).mul(y).sum());
      const trace: number[][] = [];
      for (let i = 0; i < 12; i++) trace.push(numbers(f(i % 3 === 0 ? a : b, i > 5 ? a : b, i % 2 === 0 ? a : b)));
      return trace;
    });
  });

  it('hold no more memory from call to call', () => {
    const w = [rand([8, 8]), rand([8, 1])];
    const x = rand([8, 8]);
    const f = grad((v: KnetArray[]) => twice(v[0]!).matmul(x).add(v[1]!).mul(3).sum());
    const live: number[] = [];
    computed = 0;
    for (let i = 0; i < 12; i++) {
      dispose(f(w));
      live.push(memory().live);
    }
    expect(computed).toBe(3);
    expect(new Set(live.slice(4)).size).toBe(1);
  });

  it('stay switched off when somebody has said so, whatever device is chosen then', async () => {
    repeatGradients(false);
    await device(name);
    const w = rand([3]);
    const f = grad((v: KnetArray) => twice(v).sum());
    computed = 0;
    for (let i = 0; i < 6; i++) f(w);
    expect(computed).toBe(6);
    repeatGradients(true);
    for (let i = 0; i < 6; i++) f(w);
    expect(computed).toBe(6 + 3);
  });

  it('let nobody use a box after its computation, as ever', () => {
    const w = rand([3]);
    const messages = (repeats: boolean): string[] => {
      repeatGradients(repeats);
      let saved = w;
      const f = grad((v: KnetArray) => {
        saved = v.mul(3);
        return saved.mul(v).sum();
      });
      for (let i = 0; i < 6; i++) f(w);
      return [() => saved.mul(2), () => saved.dataSync(), () => value(saved).add(1).dataSync()].map(use => {
        try {
          use();
          return 'nothing was thrown';
        } catch (error) {
          return String(error);
        }
      });
    };
    const [plain, repeated] = [messages(false), messages(true)];
    expect(repeated).toEqual(plain);
    expect(plain.join()).toMatch(/whose gradient computation has ended.*was released.*was released/s);
  });

  it('leave the device as it was when a rule throws while kernels are noted', () => {
    let fails = false;
    const moody = primitive<(x: KnetArray) => KnetArray>('moody', {
      methods: [[[KnetArray], (x: KnetArray) => mul(x, 2)]],
      derivatives: [
        () => dy => {
          if (fails) throw new Error('not today');
          return mul(dy, 2);
        },
      ],
      stateless: true,
    });
    const w = rand([3]);
    const { device: place } = w;
    const { backend } = place;
    const f = grad((x: KnetArray) => moody(x).mul(x).sum());
    for (let i = 0; i < 12; i++) {
      fails = i === 2 || i === 5;
      if (fails) expect(() => f(w)).toThrow('not today');
      else expect(numbers(f(w))).toEqual(numbers(w).map(x => Math.fround(4 * x)));
      expect(place.backend).toBe(backend);
    }
  });

  it('give back everything when a kernel fails, and work again', () => {
    const w = rand([6, 6]);
    const x = rand([6, 6]);
    const f = grad((v: KnetArray) => twice(v).matmul(x).mul(2).sum());
    for (let i = 0; i < 4; i++) dispose(f(w));
    const { device: place } = w;
    const { backend } = place;
    const expected = numbers(f(w));
    const before = memory().live;
    const matmulKernel = backend.matmul;
    backend.matmul = () => {
      throw new Error('no product today');
    };
    try {
      expect(() => f(w)).toThrow('no product today');
    } finally {
      backend.matmul = matmulKernel;
    }
    expect(memory().live).toBe(before);
    expect(numbers(f(w))).toEqual(expected);
  });
});
