import { beforeAll, expect, it } from 'vitest';
import {
  conv4,
  device,
  dispose,
  grad,
  type KnetArray,
  mat,
  memory,
  nll,
  pool,
  rand,
  relu,
  seed,
  span,
  update,
  xavier,
  zeros,
} from '../src/index.js';

beforeAll(async () => {
  await device('cpu');
  seed(1);
});

const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i % 10);

it('LeNet: what is live beside the gradients that the caller holds is flat from step 3 on', () => {
  const w = [
    xavier([5, 5, 1, 20]),
    zeros([1, 1, 20, 1]),
    xavier([5, 5, 20, 50]),
    zeros([1, 1, 50, 1]),
    xavier([50, 800]),
    zeros([50, 1]),
    xavier([10, 50]),
    zeros([10, 1]),
  ];
  const predict = (v: KnetArray[], x0: KnetArray): KnetArray => {
    const x1 = pool(relu(conv4(v[0]!, x0).add(v[1]!)));
    const x2 = pool(relu(conv4(v[2]!, x1).add(v[3]!)));
    return v[6]!.matmul(relu(v[4]!.matmul(mat(x2)).add(v[5]!))).add(v[7]!);
  };
  const gold = labels(4);
  const lossGradient = grad((v: KnetArray[], x: KnetArray) => nll(predict(v, x), gold));
  const x = rand([28, 28, 1, 4]);
  x.dataSync();
  const live: number[] = [];
  for (let step = 0; step < 200; step++) {
    const before = memory();
    const g = lossGradient(w, x);
    update(w, g, { lr: 0.01 });
    const after = memory();
    dispose(g);
    live.push(memory().live);
    // All that a step leaves behind is one gradient for each weight, and the weights themselves once they have storages.
    if (step > 0) expect(after.arrays - before.arrays).toBe(w.length);
  }
  expect(new Set(live.slice(2)).size).toBe(1);
});

it('10,000 steps of the perceptron in one synchronous loop, with no dispose, stay within 1.5 times the size after 100', () => {
  const w = [xavier([64, 784]), zeros([64, 1]), xavier([10, 64]), zeros([10, 1])];
  const gold = labels(10);
  const lossGradient = grad((v: KnetArray[], x: KnetArray) => nll(v[2]!.matmul(relu(v[0]!.matmul(x).add(v[1]!))).add(v[3]!), gold));
  // Images as of MNIST, a third of them; a step reads a view of some.
  const images = rand([784, 20_000]);
  let reference = 0;
  let largest = 0;
  for (let step = 1; step <= 10_000; step++) {
    const start = (step * 10) % 20_000;
    update(w, lossGradient(w, images.slice(':', span(start, start + 10))), { lr: 0.1 });
    if (step === 100) reference = process.memoryUsage.rss();
    if (step % 500 === 0) largest = Math.max(largest, process.memoryUsage.rss());
  }
  expect(largest / reference).toBeLessThan(1.5);
}, 120_000);
