import {
  type Backend,
  dispose,
  grad,
  hcat,
  type KnetArray,
  mat,
  memory,
  randn,
  seed,
  setDevice,
  setImmediateMode,
  useBackend,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { afterEach, describe, expect, it } from 'vitest';
import { accuracy, batchnorm, bnmoments, bnparams, conv4, dropout, embedding, lstm, nll, pool, relu, xavier } from '../src/index.js';
import { expectClose, numbers, useCpu } from './support.js';

/** The cpu backend as a device that cannot block. */
function unblocking(): Backend {
  return new Proxy<Backend>(cpuBackend(), {
    get(target, key) {
      if (key === 'name') return 'unblocking';
      if (key === 'readSync') return undefined;
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** A network with every kind of operation, its weights made from one seed. */
function network() {
  seed(5);
  const moments = bnmoments();
  const w = [xavier([3, 3, 1, 4]), bnparams(4), xavier([8, 6]), xavier([8 + 9, 4 * 9]), randn([1, 36]), xavier([9, 5])];
  const x = randn([8, 8, 1, 3]);
  const [h, c] = [randn([3, 9]), randn([3, 9])];
  const loss = ([filter, params, words, gates, bias, out]: KnetArray[], images: KnetArray): KnetArray => {
    const seen = mat(pool(relu(batchnorm(conv4(filter!, images), moments, params)), { window: 6 }));
    const input = hcat(seen.transpose(), embedding(words!, [0, 5, 5]).transpose().slice(':', [0, 1, 2, 3]));
    const [hidden] = lstm(gates!, bias!, h, c, dropout(input, 0.3, { seed: 1 }));
    return nll(hidden.matmul(out!), [4, -1, 0], { dims: 1 });
  };
  return { w, x, loss };
}

describe('a whole model', () => {
  afterEach(() => {
    setImmediateMode(false);
    useCpu();
  });

  it('is the same fused and one operation at a time', () => {
    useCpu();
    const results = [false, true].map(immediate => {
      setImmediateMode(immediate);
      const { w, x, loss } = network();
      return grad(loss)(w, x).map(numbers);
    });
    results[0]!.forEach((g, i) => {
      expect(g.some(v => v !== 0)).toBe(true);
      expectClose(g, results[1]![i]!, 1e-6);
    });
  });

  it('runs where nothing can be read at once', async () => {
    useCpu();
    const known = network();
    const expected = grad(known.loss)(known.w, known.x).map(numbers);
    setDevice(useBackend(unblocking()));
    const { w, x, loss } = network();
    const gradient = grad(loss)(w, x);
    for (const [i, g] of gradient.entries()) expectClose(Array.from(await g.data()), expected[i]!, 1e-6);
    expect(() => accuracy(randn([3, 2]), [0, 1]).itemSync()).toThrow(/cannot block/);
    expect(await accuracy(randn([3, 2]), [-1, 1], { average: false }).item()).toBeLessThanOrEqual(1);
  });

  it('leaves nothing behind', () => {
    useCpu();
    const { w, x, loss } = network();
    const step = grad((all: KnetArray[]) => loss(all, all[6]!));
    const all = [...w, x];
    for (let i = 0; i < 2; i++) dispose(step(all));
    const before = memory().live;
    for (let i = 0; i < 4; i++) dispose(step(all));
    expect(memory().live).toBe(before);
  });
});
