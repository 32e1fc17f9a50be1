/**
 * Handwritten digits with softmax regression or, with hidden layers, a multilayer perceptron.
 *
 *     pnpm example mnist
 *     pnpm example mnist --hidden 64
 */
import { minibatch } from '@knet/datasets';
import { grad, progress, update } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { accuracies, digits, samples } from '../common/digits.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, integers, positive } from '../common/options.js';
import { initialLayers, loss, predict } from './model.js';

/** Takes what the loss takes, and returns the derivatives with respect to the layers in the form of the layers. */
const lossGradient = grad(loss);

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
