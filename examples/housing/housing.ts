/**
 * Linear regression: house values in Boston as a weighted sum of 13 attributes of their district.
 *
 *     pnpm example housing --epochs 100
 */
import { housing } from '@knet/datasets';
import { grad, type KnetArray, randn, update } from '@knet/knet';
import { LearningCurve } from '../common/curve.js';
import { example, runAsProgram } from '../common/example.js';
import { integer, positive } from '../common/options.js';

/** A weight for each attribute, and the value of a house that is average in all of them: a plain number. */
type Weights = [w: KnetArray, b: number];

/** A model is a function of its weights and its input. x has a column for each district. */
const predict = ([w, b]: Weights, x: KnetArray): KnetArray => w.matmul(x).add(b);

/** Mean of the squared errors. */
const loss = (w: Weights, x: KnetArray, y: KnetArray): KnetArray => predict(w, x).sub(y).pow(2).mean();

/** Takes what the loss takes, and returns the derivatives with respect to the weights in the form of the weights. */
const lossGradient = grad(loss);

export const main = example(
  {
    name: 'housing',
    about: 'Linear regression on the Boston housing data, by gradient descent over all districts at once.',
    options: { epochs: integer(10, 'steps of gradient descent', 0), lr: positive(0.1, 'learning rate') },
  },
  async ({ epochs, lr, plot }) => {
    const { x, y } = await housing();
    let w: Weights = [randn([1, 13]).mul(0.1), 0];
    const curve = new LearningCurve('Boston housing', 'mean squared error');
    curve.add(0, { loss: await loss(w, x, y).item() });
    for (let epoch = 1; epoch <= epochs; epoch++) {
      // Arrays are written in place, but a number cannot be: update returns the weights with the new one.
      w = update(w, lossGradient(w, x, y), { lr });
      curve.add(epoch, { loss: await loss(w, x, y).item() });
    }
    await curve.save(plot);
  },
);

await runAsProgram(import.meta.url, main);
