import { array, type KnetArray, memory, seed, useBackend } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { housing, minibatch, mnist, onehot } from '../src/index.js';
import { permutation } from '../src/minibatch.js';

beforeAll(() => {
  useBackend(cpuBackend());
});

const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const values = (x: KnetArray) => [...x.dataSync()];

describe('minibatch', () => {
  const x = () => array(numbers(2 * 7), { shape: [2, 7] });
  const y = Int32Array.of(0, 1, 2, 3, 4, 5, 6);

  it('cuts along the last dimension and drops the remainder', () => {
    const data = minibatch(x(), y, 3);
    expect([data.length, data.instances]).toEqual([2, 6]);
    const batches = [...data];
    expectTypeOf(batches).toEqualTypeOf<[x: KnetArray, y: Int32Array][]>();
    expect(batches.map(([a]) => values(a))).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11],
    ]);
    expect(batches.map(([, b]) => [...b])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(batches[1]![0].shape).toEqual([2, 3]);
  });

  it('keeps it with partial', () => {
    const data = minibatch(x(), y, 3, { partial: true });
    expect([data.length, data.instances]).toEqual([3, 7]);
    const last = [...data][2]!;
    expect([last[0].shape, values(last[0]), [...last[1]]]).toEqual([[2, 1], [12, 13], [6]]);
    expect([...minibatch(x(), y, 99, { partial: true })][0]![0].shape).toEqual([2, 7]);
  });

  it('makes views of arrays and subarrays of labels', () => {
    const whole = x();
    const before = memory().arrays;
    const [[a, b]] = [...minibatch(whole, y, 7)] as [[KnetArray, Int32Array]];
    const batches = [...minibatch(whole, y, 2)];
    expect(memory().arrays).toBe(before);
    whole.set([0, 1], 50);
    expect([values(a)[2], values(batches[0]![0])[2]]).toEqual([50, 50]);
    expect(b.buffer).toBe(y.buffer);
  });

  it('gives every instance once per shuffled pass, x and y together, in a new order each time', () => {
    for (const source of [x(), { shape: [2, 7], data: numbers(14) }]) {
      const data = minibatch(source, y, 2, { shuffle: true, seed: 3, partial: true });
      const pass = () => [...data].map(([a, b]) => ({ x: values(a), y: [...b] }));
      const [first, second] = [pass(), pass()];
      expect(first.flatMap(b => b.y).sort()).toEqual([...y]);
      expect(first.flatMap(b => b.x)).toEqual(first.flatMap(b => b.y).flatMap(i => [2 * i, 2 * i + 1]));
      expect(second).not.toEqual(first);
      const again = minibatch(source, y, 2, { shuffle: true, seed: 3, partial: true });
      expect([...again].map(([, b]) => [...b])).toEqual(first.map(b => b.y));
    }
  });

  it('takes its orders from seed(n)', () => {
    const orders = () => {
      seed(5);
      const data = minibatch(y, y, 7, { shuffle: true });
      return [...data, ...data].map(([a]) => [...a]);
    };
    const first = orders();
    expect(orders()).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });

  it('puts host data on the device in the asked dtype', () => {
    const data = minibatch({ shape: [1, 2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }, Float32Array.of(7, 8, 9), 2, {
      dtype: 'float64',
    });
    const [a, b] = [...data][0]!;
    expect([a.dtype, a.shape, values(a)]).toEqual(['float64', [1, 2, 2], [1, 2, 3, 4]]);
    expect([b.dtype, b.shape, values(b)]).toEqual(['float64', [2], [7, 8]]);
    const [c] = [...minibatch(x(), y, 2, { dtype: 'float64' })][0]!;
    expect(c.dtype).toBe('float64');
    const other = useBackend(cpuBackend({ name: 'other' }));
    useBackend(cpuBackend());
    const [d] = [...minibatch(x(), y, 2, { device: 'other' })][0]!;
    expect(d.device).toBe(other);
  });

  it('refuses what does not fit', () => {
    expect(() => minibatch(x(), Int32Array.of(1), 2)).toThrow('minibatch: x has 7 instances in its last dimension, y has 1');
    expect(() => minibatch(x(), y, 8)).toThrow(/7 instances make no batch of 8; use a smaller size, or partial: true/);
    expect(() => minibatch(x(), y, 0)).toThrow(/size must be a whole number of at least 1, not 0/);
    expect(() => minibatch({ shape: [2, 7], data: numbers(3) }, y, 1)).toThrow('minibatch: x has shape [2, 7], but 3 elements');
    expect(() => minibatch(array(3), y, 1)).toThrow(/x has no dimension/);
  });
});

describe('permutation', () => {
  it('reaches all orders about equally often', () => {
    const counts = new Map<string, number>();
    for (let pass = 0; pass < 6000; pass++) {
      const order = permutation(3, [1, pass]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe('onehot', () => {
  it('has digit d in row d', () => {
    expect(onehot(Int32Array.of(2, 0), 3).toArraySync()).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
    ]);
    expect(onehot([1], 2, { dtype: 'float64' }).dtype).toBe('float64');
    expect(() => onehot([0, 3], 3)).toThrow('onehot: label 1 is 3; with 3 classes labels are 0 to 2');
    expect(() => onehot([-1], 3)).toThrow(/label 0 is -1/);
  });
});

describe('data sets as arrays', () => {
  it('housing', async () => {
    const { x, y } = await housing();
    expect([x.shape, y.shape, x.dtype]).toEqual([[13, 506], [1, 506], 'float32']);
    expect(y.mean().itemSync()).toBeCloseTo(22.5328, 3);
    expect((await housing({ dtype: 'float64' })).x.dtype).toBe('float64');
  });

  it('mnist', async () => {
    const { xtrn, ytrn, xtst, ytst } = await mnist();
    expect([xtrn.shape, xtst.shape, xtrn.dtype]).toEqual([[28, 28, 1, 60000], [28, 28, 1, 10000], 'float32']);
    expect([ytrn.length, ytst.length, ytrn[0], ytst[0]]).toEqual([60000, 10000, 5, 7]);
    expect([xtrn.minimum().itemSync(), xtrn.maximum().itemSync()]).toEqual([0, 1]);
    expect(xtrn.mean().itemSync()).toBeCloseTo(0.1307, 4);
    const batches = minibatch(xtrn, ytrn, 100, { shuffle: true, seed: 1 });
    let count = 0;
    for (const [x, y] of batches) {
      count += y.length;
      if (count === 100) expect(x.shape).toEqual([28, 28, 1, 100]);
    }
    expect(count).toBe(60000);
  });
});

it('gives way between batches with for await', async () => {
  const seen: number[] = [];
  for await (const [x] of minibatch(new Float32Array([1, 2, 3, 4]), new Float32Array(4), 2)) seen.push(...(await x.data()));
  expect(seen).toEqual([1, 2, 3, 4]);
});
