/** Training loops as iterators over the losses of the steps. */
import { dispose, gradloss, isContainer, isValue, type Path, type Value, withTurns } from '@knet/knetarray';
import {
  Adadelta,
  Adagrad,
  type AdagradOptions,
  Adam,
  type AdamOptions,
  AdamW,
  type AdamWOptions,
  type Gradients,
  Momentum,
  type MomentumOptions,
  Nesterov,
  type Optimizer,
  type OptimizerOptions,
  type Optimizers,
  optimizers,
  Rmsprop,
  type RmspropOptions,
  Sgd,
  update,
} from '@knet/optim';

/** A loss: a scalar made of the parameters and a batch. */
export type Loss<W, Batch extends readonly unknown[], L extends Value = Value> = (w: W, ...batch: Batch) => L;

/** One optimizer for each parameter, as `optimizers` and `update` take them, or a function that makes one. */
export type OptimizerChoice<W> = Optimizers<W> | ((parameter: Value, path: Path) => Optimizer);

/**
 * Takes one optimizer step for each batch and yields the loss of the batch before the step. Nothing happens until the iterator is
 * asked for the next step. An array loss stays on its device: reading it is up to the caller.
 *
 * @param loss - scalar function of the parameters and the items of a batch
 * @param w - parameters, updated in place
 * @param data - batches, each the further arguments of `loss`, such as `minibatch(x, y, 100)`
 * @param optimizer - `() => new Adam()`, what `optimizers(w, ...)` made, or `{ lr }` for plain gradient descent
 * @returns a generator whose final value is the updated parameters, for those that are numbers
 *
 * With `for await` the loop gives way between steps: a page stays alive, and the device is never far behind.
 *
 * @example
 * for (const J of minimize(loss, w, minibatch(x, y, 100), () => new Adam())) losses.push(J);
 */
export function minimize<W, const Batch extends readonly unknown[], L extends Value>(
  loss: Loss<W, Batch, L>,
  w: W,
  data: Iterable<Batch>,
  optimizer: OptimizerChoice<W>,
): Steps<L, W> {
  return withTurns(stepByStep(loss, w, data, optimizer));
}

/** Losses of the steps, one by one; the final value is the parameters. */
export type Steps<L, W> = Generator<L, W, void> & AsyncIterable<L>;

function* stepByStep<W, const Batch extends readonly unknown[], L extends Value>(
  loss: Loss<W, Batch, L>,
  w: W,
  data: Iterable<Batch>,
  optimizer: OptimizerChoice<W>,
): Generator<L, W, void> {
  const state = isMaker(optimizer) ? optimizers(w, optimizer) : optimizer;
  const step = gradloss((parameters: W, ...batch: Batch): L => loss(parameters, ...batch));
  let current = w;
  for (const batch of data) {
    const [gradient, value] = step(current, ...batch);
    // What gradloss returns and optimizers makes is structured as w is.
    current = update(current, gradient as Gradients<W>, state as Optimizers<W>);
    dispose(gradient);
    yield value as L;
  }
  return current;
}

function isMaker<W>(optimizer: OptimizerChoice<W>): optimizer is (parameter: Value, path: Path) => Optimizer {
  return typeof optimizer === 'function' && !isValue(optimizer) && !isContainer(optimizer);
}

/** {@link minimize} with an optimizer that is already named. */
export type Minimizer<Options> = <W, const Batch extends readonly unknown[], L extends Value>(
  loss: Loss<W, Batch, L>,
  w: W,
  data: Iterable<Batch>,
  options?: Options,
) => Steps<L, W>;

/** {@link minimize} with {@link Sgd}. */
export const sgd: Minimizer<OptimizerOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Sgd(options));
/** {@link minimize} with {@link Momentum}. */
export const momentum: Minimizer<MomentumOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Momentum(options));
/** {@link minimize} with {@link Nesterov}. */
export const nesterov: Minimizer<MomentumOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Nesterov(options));
/** {@link minimize} with {@link Adagrad}. */
export const adagrad: Minimizer<AdagradOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Adagrad(options));
/** {@link minimize} with {@link Adadelta}. */
export const adadelta: Minimizer<RmspropOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Adadelta(options));
/** {@link minimize} with {@link Rmsprop}. */
export const rmsprop: Minimizer<RmspropOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Rmsprop(options));
/**
 * {@link minimize} with {@link Adam}.
 *
 * @example
 * for (const J of progress(adam(loss, w, data, { lr: 0.01 }))) losses.push(J);
 */
export const adam: Minimizer<AdamOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new Adam(options));
/** {@link minimize} with {@link AdamW}. */
export const adamw: Minimizer<AdamWOptions> = (loss, w, data, options) => minimize(loss, w, data, () => new AdamW(options));
