import { onednnBackend } from '@knet/knetarray-onednn';
import { expect, it } from 'vitest';
import { conv4, device, dispose, grad, type KnetArray, mat, nll, pool, rand, relu, seed, update, xavier, zeros } from '../src/index.js';

const predict = (v: KnetArray[], x0: KnetArray): KnetArray => {
  const x1 = pool(relu(conv4(v[0]!, x0).add(v[1]!)));
  const x2 = pool(relu(conv4(v[2]!, x1).add(v[3]!)));
  return v[6]!.matmul(relu(v[4]!.matmul(mat(x2)).add(v[5]!))).add(v[7]!);
};

/** Storages that each step of LeNet had to make anew; `after` gets what the step left with the user. */
async function allocations(steps: number, after: (gradients: KnetArray[]) => void): Promise<number[]> {
  await device('onednn');
  seed(1);
  const backend = onednnBackend();
  const allocate = backend.allocate.bind(backend);
  let made = 0;
  backend.allocate = (dtype, length) => {
    made++;
    return allocate(dtype, length);
  };
  try {
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
    const x = rand([28, 28, 1, 20]);
    const lossGradient = grad((v: KnetArray[], images: KnetArray) =>
      nll(
        predict(v, images),
        Int32Array.from({ length: 20 }, (_, i) => i % 10),
      ),
    );
    return Array.from({ length: steps }, () => {
      const before = made;
      const gradients = lossGradient(w, x);
      update(w, gradients, { lr: 0.01 });
      after(gradients);
      return made - before;
    });
  } finally {
    backend.allocate = allocate;
  }
}

it('a step of LeNet makes no new storage after the third: all come from the pool', async () => {
  const made = await allocations(20, gradients => dispose(gradients));
  expect(made[0]).toBeGreaterThan(0);
  expect(made.slice(3)).toEqual(new Array(17).fill(0));
});

it('gradients that are dropped in a synchronous loop come back to the pool', async () => {
  const made = await allocations(1000, () => {});
  // Until dropped arrays are looked for, one storage for each gradient; afterwards those are found again.
  expect(Math.max(...made.slice(3))).toBeLessThanOrEqual(8);
  expect(made.slice(600).reduce((n, m) => n + m, 0)).toBeLessThanOrEqual(8);
});
