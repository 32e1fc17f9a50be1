/** What training on a GPU has to do: on WebGPU, in Node and in a browser, and on CUDA. */
import { type Backend, getDevice, memory } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect, it } from 'vitest';
import {
  conv4,
  device,
  dispose,
  grad,
  KnetArray,
  logp,
  mat,
  minimize,
  nll,
  pool,
  primitive,
  rand,
  randn,
  relu,
  repeatGradients,
  seed,
  update,
  zeros,
} from '../src/index.js';

const labels = Int32Array.from({ length: 16 }, (_, i) => i % 10);

const perceptron = (w: KnetArray[], x: KnetArray): KnetArray => w[2]!.matmul(relu(w[0]!.matmul(x).add(w[1]!))).add(w[3]!);

const lenet = (w: KnetArray[], x0: KnetArray): KnetArray => {
  const x1 = pool(relu(conv4(w[0]!, x0).add(w[1]!)));
  const x2 = pool(relu(conv4(w[2]!, x1).add(w[3]!)));
  return w[6]!.matmul(relu(w[4]!.matmul(mat(x2)).add(w[5]!))).add(w[7]!);
};

function lenetWeights(): KnetArray[] {
  const filters = [randn([5, 5, 1, 4]).mul(0.2), zeros([1, 1, 4, 1]), randn([5, 5, 4, 8]).mul(0.1), zeros([1, 1, 8, 1])];
  return [...filters, randn([16, 128]).mul(0.1), zeros([16, 1]), randn([10, 16]).mul(0.3), zeros([10, 1])];
}

/** The losses of 100 steps of the perceptron of the manual, 784-64-10. */
async function losses(backend: Backend): Promise<number[]> {
  await device(backend);
  seed(7);
  const w = [randn([64, 784]).mul(0.05), zeros([64, 1]), randn([10, 64]).mul(0.1), zeros([10, 1])];
  const x = rand([784, 16]);
  const found: Promise<number>[] = [];
  for await (const J of minimize((v: KnetArray[], images: KnetArray) => nll(perceptron(v, images), labels), w, Array(100).fill([x]), {
    lr: 0.1,
  }))
    found.push(J.item());
  return await Promise.all(found);
}

/** Registers the tests for a backend that is open. */
export function trainingTests(gpu: Backend): void {
  it('trains a perceptron to the losses of the cpu', async () => {
    const [expected, actual] = [await losses(cpuBackend()), await losses(gpu)];
    expect(actual).toHaveLength(100);
    expect(actual[99]).toBeLessThan(0.5 * actual[0]!);
    actual.forEach((loss, i) => {
      expect(Math.abs(loss - expected[i]!), `step ${i}: ${loss} instead of ${expected[i]}`).toBeLessThan(1e-4);
    });
  });

  it('trains LeNet, and keeps nothing but the gradients that it gives', async () => {
    await device(gpu);
    seed(3);
    const w = lenetWeights();
    const x = rand([28, 28, 1, 16]);
    const lossOf = (v: KnetArray[], images: KnetArray): KnetArray => nll(lenet(v, images), labels);
    const lossGradient = grad(lossOf);
    const before = await lossOf(w, x).item();
    const live: number[] = [];
    for (let i = 0; i < 12; i++) {
      const gradients = lossGradient(w, x);
      update(w, gradients, { lr: 0.05 });
      dispose(gradients);
      await getDevice().backend.ready?.();
      live.push(memory().live);
    }
    expect(await lossOf(w, x).item()).toBeLessThan(before);
    // Less is no leak: arrays that earlier tests dropped are given back whenever the garbage collector has found them.
    const grown = live.slice(4).filter((bytes, i) => bytes > live[i + 3]!);
    expect(grown, `live bytes after each step: ${live}`).toEqual([]);
  });
}

/** Registers the test of gradients that repeat themselves: nothing is read until all calls are made, as on a device that works by itself. */
export function repeatingTests(gpu: Backend): void {
  it('repeats gradients without recording them, and gets the same bits', async () => {
    await device(gpu);
    let computed = 0;
    const twice = primitive<(x: KnetArray) => KnetArray>('twice', {
      methods: [
        [
          [KnetArray],
          (x: KnetArray) => {
            computed++;
            return x.mul(2);
          },
        ],
      ],
      derivatives: [() => dy => dy.mul(2)],
      stateless: true,
    });
    const run = async (repeats: boolean): Promise<Float32Array[]> => {
      repeatGradients(repeats);
      seed(9);
      const [w, b] = [randn([10, 30]).mul(0.1), zeros([10, 1])];
      const batches = Array.from({ length: 4 }, () => [rand([30, 8]), rand([10, 8])] as const);
      const scale = 0.5;
      const f = grad((v: { w: KnetArray; b: KnetArray; scale: number }, x: KnetArray, y: KnetArray) =>
        y
          .mul(logp(relu(twice(v.w).matmul(x)).mul(v.scale).add(v.b), { dims: 0 }))
          .sum()
          .div(-8),
      );
      const found: Promise<Float32Array>[] = [];
      for (let i = 0; i < 16; i++) {
        const [x, y] = batches[i % 4]!;
        const g = f({ w, b, scale }, x, y);
        found.push(
          g.w.data().then(data => Float32Array.from(data)),
          g.b.data().then(data => Float32Array.from(data)),
        );
        update([w, b], [g.w, g.b], { lr: 0.3 });
      }
      return await Promise.all([...found, w.data().then(data => Float32Array.from(data))]);
    };
    const plain = await run(false);
    computed = 0;
    const repeated = await run(true);
    expect(computed).toBe(3);
    expect(repeated).toEqual(plain);
  });
}

/** Registers the test of a device that is told of dropped arrays by finalizers, which run between turns of the event loop. */
export function droppingTests(gpu: Backend): void {
  it('stays small over 2,000 awaited steps whose gradients are dropped', async () => {
    await device(gpu);
    seed(5);
    const w = [randn([128, 64]).mul(0.1), zeros([128, 1]), randn([10, 128]).mul(0.1), zeros([10, 1])];
    const x = rand([64, 16]);
    const lossGradient = grad((v: KnetArray[]) => nll(perceptron(v, x), labels));
    const one = [128 * 64, 128, 1280, 10].reduce((sum, n) => sum + 4 * n, 0);
    let most = 0;
    for (let i = 0; i < 2000; i++) {
      update(w, lossGradient(w), { lr: 0.01 });
      if (i % 10 === 9) await w[3]!.data();
      most = Math.max(most, memory().live);
    }
    // Kept, all of them were 75 MB; dropped ones are looked for when 1024 arrays have been handed out.
    expect(2000 * one).toBeGreaterThan(70e6);
    expect(most).toBeLessThan(48e6);
  });
}
