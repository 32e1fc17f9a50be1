/** Optimizers that divide by the size of earlier gradients. */
import { abs2, add, div, mul, sqrt, sub, type Value } from '@knet/knetarray';
import { Optimizer, type OptimizerOptions, type Step } from './optimizer.js';

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
  /** Keeps the division away from 0. */
  eps?: number;
}

/** Adagrad (Duchi, Hazan and Singer 2011): `G += g²; w -= lr * g / sqrt(G + eps)`. */
export class Adagrad extends Optimizer {
  readonly type: string = 'Adagrad';
  readonly slotNames: readonly string[] = ['squares'];
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'eps'];
  /** Keeps the division away from 0. */
  eps: number;

  /** Defaults: lr 0.1, eps 1e-6, gclip 0. */
  constructor({ lr = 0.1, eps = 1e-6, gclip }: AdagradOptions = {}) {
    super(lr, gclip);
    this.eps = eps;
  }

  rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number): Step {
    const squares = add(slots.squares ?? 0, abs2(g));
    return { w: sub(w, div(mul(lr, g), sqrt(add(squares, this.eps)))), slots: { squares } };
  }
}

/** Options of {@link Rmsprop} and {@link Adadelta}. */
export interface RmspropOptions extends AdagradOptions {
  /** How much of the running average is kept. */
  rho?: number;
}

/** RMSProp (Tieleman and Hinton 2012): `G = rho * G + (1 - rho) * g²; w -= lr * g / sqrt(G + eps)`. */
export class Rmsprop extends Optimizer {
  readonly type: string = 'Rmsprop';
  readonly slotNames: readonly string[] = ['squares'];
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'rho', 'eps'];
  /** How much of the running average is kept. */
  rho: number;
  /** Keeps the division away from 0. */
  eps: number;

  /** Defaults: lr 0.001, rho 0.9, eps 1e-6, gclip 0. */
  constructor({ lr = 0.001, rho = 0.9, eps = 1e-6, gclip }: RmspropOptions = {}) {
    super(lr, gclip);
    this.rho = rho;
    this.eps = eps;
  }

  rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number): Step {
    const squares = average(this.rho, slots.squares ?? 0, abs2(g));
    return { w: sub(w, div(mul(lr, g), sqrt(add(squares, this.eps)))), slots: { squares } };
  }
}

/**
 * Adadelta (Zeiler 2012): `G = rho * G + (1 - rho) * g²; u = g * sqrt(delta + eps) / sqrt(G + eps);
 * delta = rho * delta + (1 - rho) * u²; w -= lr * u`.
 */
export class Adadelta extends Optimizer {
  readonly type: string = 'Adadelta';
  readonly slotNames: readonly string[] = ['squares', 'delta'];
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'rho', 'eps'];
  /** How much of the running averages is kept. */
  rho: number;
  /** Keeps the division away from 0, and gives the first steps their size. */
  eps: number;

  /** Defaults: lr 0.01, rho 0.9, eps 1e-6, gclip 0. */
  constructor({ lr = 0.01, rho = 0.9, eps = 1e-6, gclip }: RmspropOptions = {}) {
    super(lr, gclip);
    this.rho = rho;
    this.eps = eps;
  }

  rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number): Step {
    const { rho, eps } = this;
    const before = slots.delta ?? 0;
    const squares = average(rho, slots.squares ?? 0, abs2(g));
    const u = div(mul(g, sqrt(add(before, eps))), sqrt(add(squares, eps)));
    return { w: sub(w, mul(lr, u)), slots: { squares, delta: average(rho, before, abs2(u)) } };
  }
}

/** `rho * before + (1 - rho) * x`. */
export function average(rho: number, before: Value, x: Value): Value {
  return add(mul(rho, before), mul(1 - rho, x));
}
