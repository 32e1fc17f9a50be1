/** Parts of the page that need no browser. */
import { Adam, array, device, type KnetArray, saveBytes, zeros } from '@knet/knet';
import { beforeAll, describe, expect, it } from 'vitest';
import { digitImage, side } from '../src/page/image.js';
import { Series } from '../src/page/series.js';
import { defaults, readAddress, settingsFor } from '../src/settings.js';
import { readWeights } from '../src/worker/file.js';
import { pairUp } from '../src/worker/fit.js';
import { Serial } from '../src/worker/serial.js';
import { Speed } from '../src/worker/speed.js';
import { Trained } from '../src/worker/trained.js';

beforeAll(async () => {
  await device('cpu');
});

describe('a drawing', () => {
  const width = 280;
  const draw = (inside: (x: number, y: number) => boolean) =>
    Float32Array.from({ length: width * width }, (_, i) => Number(inside(i % width, Math.floor(i / width))));

  it('is moved to the middle and fills 20 of 28 pixels', () => {
    const image = digitImage(
      draw((x, y) => x >= 5 && x < 25 && y >= 10 && y < 210),
      width,
    )!;
    const rows = Array.from({ length: side }, (_, row) => image.subarray(row * side, (row + 1) * side).reduce((a, b) => a + b));
    expect(rows.map(sum => sum > 0.1).lastIndexOf(true) - rows.findIndex(sum => sum > 0.1) + 1).toBe(20);
    const mass = rows.reduce((a, b) => a + b);
    expect(mass).toBeCloseTo(20 * 2, 0);
    const middle = (of: (i: number) => number) => image.reduce((sum, value, i) => sum + value * (of(i) + 0.5), 0) / mass;
    expect(Math.abs(middle(i => i % side) - 14)).toBeLessThan(0.3);
    expect(Math.abs(middle(i => Math.floor(i / side)) - 14)).toBeLessThan(0.3);
  });

  it('may be anywhere, and of any size', () => {
    const ring = (cx: number, cy: number, r: number) => draw((x, y) => Math.abs(Math.hypot(x - cx, y - cy) - r) < r / 5);
    const [a, b] = [digitImage(ring(80, 80, 60), width)!, digitImage(ring(160, 150, 100), width)!];
    const difference = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.reduce((x, y) => x + y);
    expect(difference).toBeLessThan(0.1);
  });

  it('may be missing', () => {
    expect(
      digitImage(
        draw(() => false),
        width,
      ),
    ).toBeUndefined();
  });
});

describe('a series', () => {
  it('keeps its means and its end, however many points there are', () => {
    const series = new Series();
    for (let i = 1; i <= 3200; i++) series.add(i, i % 2);
    expect(series.points.length).toBeGreaterThanOrEqual(200);
    expect(series.points.length).toBeLessThanOrEqual(400);
    expect(series.last).toEqual([3200, 0.5]);
    expect(series.points.every(([, y]) => y === 0.5)).toBe(true);
    series.add(3201, 0.75);
    expect(series.last).toEqual([3201, 0.75]);
    series.add(3202, 0.25);
    expect(series.last).toEqual([3202, 0.5]);
    expect(series.points[series.points.length - 1]).toEqual([3202, 0.5]);
    series.cutAfter(3201);
    expect(series.last).toEqual([3201, 0.75]);
    series.cutAfter(1600);
    expect(series.last).toEqual([1600, 0.5]);
    series.clear();
    series.add(1, 7);
    expect(series.points).toEqual([[1, 7]]);
  });
});

describe('the address', () => {
  it('changes settings', () => {
    const { model, device: chosen, changes, mistakes } = readAddress('?model=lenet&device=webgpu&batch=20&lr=0.1&steps=0');
    expect([model, chosen, mistakes]).toEqual(['lenet', 'webgpu', []]);
    expect(settingsFor('lenet', changes)).toEqual({ ...defaults.lenet, batch: 20, lr: 0.1 });
    expect(settingsFor('charlm', readAddress('?batch=x').changes)).toEqual(defaults.charlm);
  });

  it.each(['batch=0', 'batch=1.5', 'lr=0', 'lr=', 'seed=-1', 'model=MLP', 'device=cuda', 'size=3'])('%s is a mistake', parameter => {
    expect(readAddress(`?${parameter}`).mistakes).toHaveLength(1);
  });
});

describe('the worker', () => {
  it('serves one job after the other, whatever becomes of them', async () => {
    const turns = new Serial();
    const order: string[] = [];
    const job = (name: string, wait: number) => async () => {
      order.push(`${name} begins`);
      await new Promise(resolve => setTimeout(resolve, wait));
      order.push(`${name} ends`);
      if (name === 'b') throw new Error('b fails');
      return name;
    };
    const all = [turns.run(job('a', 20)), turns.run(job('b', 1)), turns.run(job('c', 1))];
    expect(await Promise.allSettled(all)).toMatchObject([{ value: 'a' }, { reason: { message: 'b fails' } }, { value: 'c' }]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('measures the speed of late', () => {
    const speed = new Speed();
    expect(speed.stepsPerSecond).toBe(0);
    for (let i = 0; i < 10; i++) speed.add(1000);
    for (let i = 0; i < 200; i++) speed.add(10);
    expect(speed.stepsPerSecond).toBeCloseTo(100, 0);
  });
});

describe('weights', () => {
  const fresh = () =>
    new Trained('mlp', { a: array([1, 2, 3]), b: [zeros([2, 2])] }, ({ a, b }, x: KnetArray) => a.mul(x).sum().add(b[0]!.sum()), 0.1);
  const batches = (): [KnetArray][] => [[array([1, 1, 1])], [array([2, 0, 1])], [array([0, 0, 1])]];

  it('go on from a file as if they had never been saved', async () => {
    const trained = fresh();
    trained.learnFrom(batches());
    trained.advance();
    const file = await readWeights(await trained.save(), 'mlp');
    trained.advance();
    const again = fresh();
    again.load(file);
    again.learnFrom(batches().slice(1));
    again.advance();
    expect(again.step).toBe(2);
    expect(await again.w.a.data()).toEqual(await trained.w.a.data());
    expect(await again.w.b[0]!.data()).toEqual(await trained.w.b[0]!.data());
  });

  it('are not taken from a file that does not fit, which is explained', async () => {
    const model = { a: zeros([3]), b: [zeros([2, 2])] };
    const problem = (file: unknown) => {
      try {
        pairUp(model, file);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message.replace(/^The file does not fit the model: (.*)\. Choose the model.*$/, '$1') : error;
      }
    };
    expect(problem({ a: zeros([3]), b: [zeros([2, 2])] })).toBeUndefined();
    expect(problem({ a: zeros([4]), b: [zeros([2, 2])] })).toBe('its w.a is float32 [4], and that of the model float32 [3]');
    expect(problem({ a: zeros([3], { dtype: 'int32' }), b: [] })).toBe('its w.a is int32 [3], and that of the model float32 [3]');
    expect(problem({ a: zeros([3]), b: [] })).toBe('at w.b[0] it has no array, and the model has float32 [2, 2]');
    expect(problem({ a: zeros([3]) })).toBe('it has nothing at w.b, where the model has 0');
    expect(problem({ a: zeros([3]), b: [zeros([2, 2])], c: 1 })).toBe('its w has a part c, and that of the model has none');

    const trained = fresh();
    const before = await trained.w.a.data();
    const other = {
      model: 'mlp',
      step: 4,
      w: { a: array([5, 5, 5]), b: [zeros([2, 2])] },
      adams: new Map([['.a', new Adam()]]),
      vocabulary: new Map(),
    };
    other.adams.get('.a')!.slots = { m: zeros([7]) };
    const file = await readWeights(await saveBytes(other), 'mlp');
    expect(() => trained.load(file)).toThrow('the optimizer at w.a belongs to another array');
    expect([trained.step, await trained.w.a.data()]).toEqual([0, before]);
    await expect(readWeights(await saveBytes({ w: zeros([1]) }), 'mlp')).rejects.toThrow('The file holds no weights that this page saved.');
    await expect(readWeights(await saveBytes(other), 'charlm')).rejects.toThrow(
      'The file holds weights of the perceptron: choose that model first, or a file of the character model.',
    );
  });
});
