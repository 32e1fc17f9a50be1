/**
 * Every optimizer on the same network: LeNet, from the same first weights.
 *
 *     pnpm example optimizers --epochs 1 --samples 6000
 *     pnpm example optimizers --optimizer Adam --plot adam.svg
 */
import { minibatch } from '@knet/datasets';
import {
  Adadelta,
  Adagrad,
  Adam,
  AdamW,
  grad,
  Momentum,
  Nesterov,
  type Optimizer,
  optimizers,
  progress,
  Rmsprop,
  Sgd,
  seed,
  update,
} from '@knet/knet';
import { LearningCurve, line } from '../common/curve.js';
import { accuracies, digits, samples } from '../common/digits.js';
import { example, runAsProgram } from '../common/example.js';
import { choice, integer } from '../common/options.js';
import { initialWeights, loss, predict } from '../lenet/model.js';

const names = ['Sgd', 'Momentum', 'Nesterov', 'Adagrad', 'Adadelta', 'Rmsprop', 'Adam', 'AdamW'] as const;

/**
 * How each is made. The learning rates suit this network. They differ, because some optimizers divide a gradient by its usual size,
 * and a momentum of 0.9 adds up ten of them.
 */
const make: Record<(typeof names)[number], () => Optimizer> = {
  Sgd: () => new Sgd({ lr: 0.1 }),
  Momentum: () => new Momentum({ lr: 0.01, gamma: 0.9 }),
  Nesterov: () => new Nesterov({ lr: 0.01, gamma: 0.9 }),
  Adagrad: () => new Adagrad({ lr: 0.01 }),
  Adadelta: () => new Adadelta({ lr: 1, rho: 0.9 }),
  Rmsprop: () => new Rmsprop({ lr: 0.001 }),
  Adam: () => new Adam({ lr: 0.001 }),
  AdamW: () => new AdamW({ lr: 0.001, weightDecay: 0.01 }),
};

const lossGradient = grad(loss);

export const main = example(
  {
    name: 'optimizers',
    about: 'LeNet trained by each optimizer, from the same weights. All of them on all images take a long time: see --samples.',
    options: {
      optimizer: choice('all', ['all', ...names], 'which one'),
      epochs: integer(10, 'passes over the training images', 0),
      batchsize: integer(100, 'images in a step'),
      samples,
    },
  },
  async o => {
    const data = await digits(o.samples);
    const batches = minibatch(data.xtrn, data.ytrn, o.batchsize);
    const curve = new LearningCurve('LeNet by optimizer', 'accuracy on test images');
    for (const name of o.optimizer === 'all' ? names : [o.optimizer]) {
      seed(o.seed); // the same weights for each
      const w = initialWeights();
      // An optimizer keeps what it remembers of the past gradients, so each array of weights has its own.
      const state = optimizers(w, make[name]);
      const report = async (epoch: number): Promise<void> => {
        const values = await accuracies(x => predict(w, x), data);
        console.log(`${name.padEnd(8)} ${line(epoch, values)}`);
        curve.keep(epoch, { [name]: values.tst });
      };
      await report(0);
      for (let epoch = 1; epoch <= o.epochs; epoch++) {
        for (const [x, labels] of progress(batches, { label: `${name} epoch ${epoch}` })) {
          update(w, lossGradient(w, x, labels), state);
        }
        await report(epoch);
      }
    }
    await curve.save(o.plot);
  },
);

await runAsProgram(import.meta.url, main);
