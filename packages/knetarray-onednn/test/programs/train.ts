/** Trains a small network. A worker thread that runs this module sends the weights to the one that made it. */
import { parentPort, workerData } from 'node:worker_threads';
import { grad } from '@knet/autograd';
import { type KnetArray, randn, seed, useBackend, zeros } from '@knet/knetarray';
import { onednnBackend } from '@knet/knetarray-onednn';
import { nll, relu } from '@knet/nn-ops';
import { Adam, optimizers, update } from '@knet/optim';

type Weights = [KnetArray, KnetArray, KnetArray, KnetArray];

/** The weights, as numbers, of a network with one hidden layer after some steps; always the same for as many steps. */
export function train(steps: number): number[][] {
  useBackend(onednnBackend());
  seed(7);
  const w: Weights = [randn([64, 40]).mul(0.1), zeros([64, 1]), randn([10, 64]).mul(0.1), zeros([10, 1])];
  const x = randn([40, 128]);
  const labels = Array.from({ length: 128 }, (_, i) => (i * 7) % 10);
  const gradient = grad((w: Weights, x: KnetArray) => nll(w[2].matmul(relu(w[0].matmul(x).add(w[1]))).add(w[3]), labels));
  const state = optimizers(w, () => new Adam());
  for (let i = 0; i < steps; i++) update(w, gradient(w, x), state);
  return w.map(each => [...each.dataSync()]);
}

// A test that imports this module may itself run in a worker thread, of the test runner.
if (typeof workerData?.steps === 'number') parentPort?.postMessage(train(workerData.steps));
