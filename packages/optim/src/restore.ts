/** Optimizers made again from what `state()` gave. */

import { Adam, AdamW } from './adam.js';
import { Adadelta, Adagrad, Rmsprop } from './adaptive.js';
import type { Optimizer, OptimizerState } from './optimizer.js';
import { Momentum, Nesterov, Sgd } from './sgd.js';

/** Makers of optimizers by the name of their class. */
export type OptimizerTypes = Readonly<Record<string, new () => Optimizer>>;

const known: OptimizerTypes = { Sgd, Momentum, Nesterov, Adagrad, Adadelta, Rmsprop, Adam, AdamW };

/**
 * An optimizer made from its state.
 *
 * @param state - what `optimizer.state()` gave
 * @param own - classes besides those of this package, by their `type`
 * @throws TypeError for an unknown class
 */
export function restoreOptimizer(state: OptimizerState, own: OptimizerTypes = {}): Optimizer {
  const types = { ...known, ...own };
  const Type = Object.hasOwn(types, state.type) ? types[state.type] : undefined;
  if (Type !== undefined) return new Type().restore(state);
  throw new TypeError(
    `restoreOptimizer: there is no optimizer class ${JSON.stringify(state.type)}; known are ${Object.keys(types).join(', ')}`,
  );
}
