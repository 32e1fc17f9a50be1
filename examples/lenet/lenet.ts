/**
 * Handwritten digits with LeNet, a convolutional network (Y. LeCun and others, Proceedings of the IEEE 86 (1998) 2278).
 *
 *     pnpm example lenet --epochs 1
 */
import { minibatch } from '@knet/datasets';
import { grad, progress, update } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { accuracies, digits, samples } from '../common/digits.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, positive } from '../common/options.js';
import { initialWeights, loss, predict } from './model.js';

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
