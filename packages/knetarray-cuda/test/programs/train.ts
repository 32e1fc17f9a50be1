/** Trains a small network. A worker thread that runs this module sends the weights to the one that made it. */
import { parentPort, workerData } from 'node:worker_threads';
import { grad } from '@knet/autograd';
import { type KnetArray, randn, seed, useBackend, zeros } from '@knet/knetarray';
import { cudaBackend } from '@knet/knetarray-cuda';
import { nll, relu } from '@knet/nn-ops';
import { Adam, optimizers, update } from '@knet/optim';

type Weights = [KnetArray, KnetArray, KnetArray, KnetArray];

/** The weights, as numbers, of a network with one hidden layer after some steps; always the same for as many steps. */
export function train(steps: number): number[][] {
  useBackend(cudaBackend());
  seed(7);
  const w: Weights = [randn([12, 9]).mul(0.1), zeros([12, 1]), randn([5, 12]).mul(0.1), zeros([5, 1])];
  const x = randn([9, 20]);
  const labels = Array.from({ length: 20 }, (_, i) => (i * 7) % 5);
  const gradient = grad((w: Weights, x: KnetArray) => nll(w[2].matmul(relu(w[0].matmul(x).add(w[1]))).add(w[3]), labels));
  const state = optimizers(w, () => new Adam());
  for (let i = 0; i < steps; i++) update(w, gradient(w, x), state);
  return w.map(each => [...each.dataSync()]);
}

// A test that imports this module may itself run in a worker thread, of the test runner.
if (typeof workerData?.steps === 'number') parentPort?.postMessage(train(workerData.steps));
