/**
 * Handwritten digits with softmax regression or, with hidden layers, a multilayer perceptron.
 *
 *     pnpm example mnist
 *     pnpm example mnist --hidden 64
 */
import { minibatch } from '@knet/datasets';
import { grad, type KnetArray, mat, nll, progress, rand, relu, update, xavier, zeros } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { accuracies, digits, samples } from '../common/digits.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, integers, positive } from '../common/options.js';

/** Weight matrix and bias of one layer. */
type Layer = [w: KnetArray, b: KnetArray];

/** Scores `[10, n]` of images `[28, 28, 1, n]`: a loop over the layers, with relu between them. */
function predict(layers: readonly Layer[], images: KnetArray): KnetArray {
  let x = mat(images); // each image as a column of 784 pixels
  for (const [i, [w, b]] of layers.entries()) x = w.matmul(i === 0 ? x : relu(x)).add(b);
  return x;
}

/** Negative log likelihood of the right digits, which normalises the scores as softmax does. */
const loss = (layers: readonly Layer[], x: KnetArray, labels: Int32Array): KnetArray => nll(predict(layers, x), labels);

/** Takes what the loss takes, and returns the derivatives with respect to the layers in the form of the layers. */
const lossGradient = grad(loss);

/** Layers from 784 pixels through the hidden sizes to 10 digits. */
function initialLayers(hidden: readonly number[]): Layer[] {
  // Without a hidden layer any small numbers do: between -0.1 and 0.1. Deeper networks want numbers that fit their sizes.
  if (hidden.length === 0) return [[rand([10, 784]).sub(0.5).mul(0.2), zeros([10, 1])]];
  const sizes = [784, ...hidden, 10];
  return sizes.slice(1).map((out, i) => [xavier([out, sizes[i]!]), zeros([out, 1])]);
}

export const main = example(
  {
    name: 'mnist',
    about: 'Handwritten digits by softmax regression; --hidden 64 puts a hidden layer of 64 units between.',
    options: {
      epochs: integer(10, 'passes over the training images', 0),
      hidden: integers('units of each hidden layer, as in 64 or 128,64 (default none: softmax regression)'),
      lr: positive(0.5, 'learning rate'),
      batchsize: integer(100, 'images in a step'),
      samples,
    },
  },
  async o => {
    const data = await digits(o.samples);
    const layers = initialLayers(o.hidden);
    const curve = new LearningCurve(o.hidden.length === 0 ? 'Softmax regression' : 'Multilayer perceptron', 'accuracy');
    curve.add(0, await accuracies(x => predict(layers, x), data));
    const batches = minibatch(data.xtrn, data.ytrn, o.batchsize);
    for (let epoch = 1; epoch <= o.epochs; epoch++) {
      for (const [x, labels] of progress(batches, { label: `epoch ${epoch}` })) {
        update(layers, lossGradient(layers, x, labels), { lr: o.lr });
      }
      curve.add(epoch, await accuracies(x => predict(layers, x), data));
    }
    await curve.save(o.plot);
  },
);

await runAsProgram(import.meta.url, main);
