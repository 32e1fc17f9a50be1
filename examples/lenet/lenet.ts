/**
 * Handwritten digits with LeNet, a convolutional network (Y. LeCun and others, Proceedings of the IEEE 86 (1998) 2278).
 *
 *     pnpm example lenet --epochs 1
 */
import { minibatch } from '@knet/datasets';
import { conv4, grad, type KnetArray, mat, nll, pool, progress, relu, update, xavier, zeros } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { accuracies, digits, samples } from '../common/digits.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, positive } from '../common/options.js';

/** Filters or matrix, and bias, of two convolutions and two dense layers. */
export type Weights = ReturnType<typeof initialWeights>;

/** New weights. A bias is broadcast: over the pixels and images of a map, or over the columns of a layer. */
export function initialWeights() {
  return {
    conv1: { w: xavier([5, 5, 1, 20]), b: zeros([1, 1, 20, 1]) },
    conv2: { w: xavier([5, 5, 20, 50]), b: zeros([1, 1, 50, 1]) },
    dense1: { w: xavier([500, 800]), b: zeros([500, 1]) },
    dense2: { w: xavier([10, 500]), b: zeros([10, 1]) },
  };
}

/** Scores `[10, n]` of images `[28, 28, 1, n]`. */
export function predict({ conv1, conv2, dense1, dense2 }: Weights, x0: KnetArray): KnetArray {
  const x1 = pool(relu(conv4(conv1.w, x0).add(conv1.b))); // 20 maps of 12 x 12: a filter of 5 x 5 takes 4 pixels, pooling halves
  const x2 = pool(relu(conv4(conv2.w, x1).add(conv2.b))); // 50 maps of 4 x 4
  const x3 = relu(dense1.w.matmul(mat(x2)).add(dense1.b)); // the 800 numbers of an image as a column
  return dense2.w.matmul(x3).add(dense2.b);
}

/** Negative log likelihood of the right digits, which normalises the scores as softmax does. */
export const loss = (w: Weights, x: KnetArray, labels: Int32Array): KnetArray => nll(predict(w, x), labels);

/** The gradient has the form of the weights. */
const lossGradient = grad(loss);

export const main = example(
  {
    name: 'lenet',
    about: 'Handwritten digits by LeNet, a convolutional network, trained by stochastic gradient descent.',
    options: {
      epochs: integer(10, 'passes over the training images', 0),
      lr: positive(0.1, 'learning rate'),
      batchsize: integer(100, 'images in a step'),
      samples,
    },
  },
  async o => {
    const data = await digits(o.samples);
    const w = initialWeights();
    const curve = new LearningCurve('LeNet', 'accuracy');
    curve.add(0, await accuracies(x => predict(w, x), data));
    const batches = minibatch(data.xtrn, data.ytrn, o.batchsize);
    let seconds = 0;
    for (let epoch = 1; epoch <= o.epochs; epoch++) {
      const start = performance.now();
      for (const [x, labels] of progress(batches, { label: `epoch ${epoch}` })) {
        update(w, lossGradient(w, x, labels), { lr: o.lr });
      }
      await w.dense2.b.data(); // A device may still be at work: wait for the last update.
      seconds += (performance.now() - start) / 1000;
      curve.add(epoch, await accuracies(x => predict(w, x), data));
    }
    const peak = process.resourceUsage().maxRSS / 1024;
    console.log(`training took ${seconds.toFixed(1)} s, peak memory ${peak.toFixed(0)} MB`);
    await curve.save(o.plot);
  },
);

await runAsProgram(import.meta.url, main);
