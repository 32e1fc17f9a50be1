/** Stochastic gradient descent, plain and with momentum. */
import { add, mul, sub, type Value } from '@knet/knetarray';
import { Optimizer, type OptimizerOptions, type Step } from './optimizer.js';

const noSlots: readonly string[] = [];

/** Stochastic gradient descent: `w -= lr * g`. */
export class Sgd extends Optimizer {
  readonly type: string = 'Sgd';
  readonly slotNames: readonly string[] = noSlots;

  /** Defaults: lr 0.001, gclip 0. */
  constructor({ lr = 0.001, gclip }: OptimizerOptions = {}) {
    super(lr, gclip);
  }

  rule(w: Value, g: Value, _slots: Readonly<Record<string, Value>>, lr: number): Step {
    return { w: sub(w, mul(lr, g)), slots: {} };
  }
}

/** Options of {@link Momentum} and {@link Nesterov}. */
export interface MomentumOptions extends OptimizerOptions {
  /** How much of the last step is kept. */
  gamma?: number;
}

/** Gradient descent with momentum (Qian 1999): `v = gamma * v + lr * g; w -= v`. */
export class Momentum extends Optimizer {
  readonly type: string = 'Momentum';
  readonly slotNames: readonly string[] = ['velocity'];
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'gamma'];
  /** How much of the last step is kept. */
  gamma: number;

  /** Defaults: lr 0.001, gamma 0.9, gclip 0. */
  constructor({ lr = 0.001, gamma = 0.9, gclip }: MomentumOptions = {}) {
    super(lr, gclip);
    this.gamma = gamma;
  }

  rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number): Step {
    const velocity = add(mul(this.gamma, slots.velocity ?? 0), mul(lr, g));
    return { w: sub(w, velocity), slots: { velocity } };
  }
}

/**
 * Nesterov's accelerated gradient, in the form that needs the gradient at `w` itself (Bengio et al. 2013):
 * `v' = gamma * v - lr * g; w += -gamma * v + (1 + gamma) * v'`.
 */
export class Nesterov extends Momentum {
  override readonly type: string = 'Nesterov';

  override rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number): Step {
    const { gamma } = this;
    const before = slots.velocity ?? 0;
    const velocity = sub(mul(gamma, before), mul(lr, g));
    return { w: add(w, sub(mul(1 + gamma, velocity), mul(gamma, before))), slots: { velocity } };
  }
}
