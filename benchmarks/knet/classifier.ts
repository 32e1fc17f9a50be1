import { dispose, grad, type KnetArray, logp, update } from '@knet/knet';
import { mnistBatches } from '../data.js';
import type { RunOptions, RunResult } from '../harness/contract.js';
import { from, sample, start } from './start.js';

/** A model in training: its step enqueues work. */
export interface Model {
  step(index: number): void;
  loss(): KnetArray;
  /** What a step computes last. */
  last(): KnetArray;
}

/** How a classifier of MNIST is made. */
export interface Classifier {
  weights(): KnetArray[];
  /** Scores of images. */
  predict(w: KnetArray[], x: KnetArray): KnetArray;
  /** Learning rate. */
  lr: number;
  /** Shape of one image. */
  image: number[];
}

/**
 * A model of MNIST that is trained by SGD, one batch a step; the device is open.
 *
 * @param disposes - whether a step disposes of its gradients, as `minimize` does, or drops them
 */
export function modelOf({ weights, predict, lr, image }: Classifier, options: RunOptions, disposes = false): Model {
  const { batch } = options;
  const batches = mnistBatches(options).map(({ x, y }) => ({ x: from(x, ...image, batch), y: from(y, 10, batch) }));
  const loss = (w: KnetArray[], x: KnetArray, y: KnetArray): KnetArray =>
    y
      .mul(logp(predict(w, x), { dims: 0 }))
      .sum()
      .neg()
      .div(y.shape[1]!);
  const lossGradient = grad(loss);
  const w = weights();
  const first = batches[0]!;
  return {
    step(index) {
      const { x, y } = batches[index % batches.length]!;
      const gradient = lossGradient(w, x, y);
      update(w, gradient, { lr });
      if (disposes) dispose(gradient);
    },
    loss: () => loss(w, first.x, first.y),
    last: () => w.at(-1)!,
  };
}

/** One sample of a classifier. */
export async function classify(classifier: Classifier, options: RunOptions): Promise<RunResult> {
  await start(options);
  const { step, loss, last } = modelOf(classifier, options);
  return sample(options, step, loss, last);
}
