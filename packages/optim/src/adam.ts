/** Adam and AdamW. */
import { abs2, add, div, mul, sqrt, sub, type Value } from '@knet/knetarray';
import { average } from './adaptive.js';
import { Optimizer, type OptimizerOptions, type Step } from './optimizer.js';

/** Options of {@link Adam}. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the average gradient is kept. */
  beta1?: number;
  /** How much of the average squared gradient is kept. */
  beta2?: number;
  /** Keeps the division away from 0. */
  eps?: number;
}

/**
 * Adam (Kingma and Ba 2015): `m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g²;
 * w -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)` at step t, counted from 1.
 *
 * @example
 * const state = optimizers(w, () => new Adam({ lr: 0.01 }));
 */
export class Adam extends Optimizer {
  readonly type: string = 'Adam';
  readonly slotNames: readonly string[] = ['m', 'v'];
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'beta1', 'beta2', 'eps'];
  /** How much of the average gradient is kept. */
  beta1: number;
  /** How much of the average squared gradient is kept. */
  beta2: number;
  /** Keeps the division away from 0. */
  eps: number;

  /** Defaults: lr 0.001, beta1 0.9, beta2 0.999, eps 1e-8, gclip 0. */
  constructor({ lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, gclip }: AdamOptions = {}) {
    super(lr, gclip);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
  }

  rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number, t: number): Step {
    const { beta1, beta2, eps } = this;
    const m = average(beta1, slots.m ?? 0, g);
    const v = average(beta2, slots.v ?? 0, abs2(g));
    // The corrections are numbers: computed here in double precision, they are one scalar each in the program.
    const change = div(mul(lr / (1 - beta1 ** t), m), add(sqrt(div(v, 1 - beta2 ** t)), eps));
    return { w: sub(this.decay(w, lr), change), slots: { m, v } };
  }

  /** What the change is subtracted from. */
  protected decay(w: Value, _lr: number): Value {
    return w;
  }
}

/** Options of {@link AdamW}. */
export interface AdamWOptions extends AdamOptions {
  /** Share of the parameter that is taken away at each step, times lr. */
  weightDecay?: number;
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019): also `w -= lr * weightDecay * w`, which the averages do not see. */
export class AdamW extends Adam {
  override readonly type: string = 'AdamW';
  override readonly optionNames: readonly string[] = ['lr', 'gclip', 'beta1', 'beta2', 'eps', 'weightDecay'];
  /** Share of the parameter that is taken away at each step, times lr. */
  weightDecay: number;

  /** Defaults: lr 0.001, beta1 0.9, beta2 0.999, eps 1e-8, weightDecay 0.01, gclip 0. */
  constructor({ weightDecay = 0.01, ...options }: AdamWOptions = {}) {
    super(options);
    this.weightDecay = weightDecay;
  }

  protected override decay(w: Value, lr: number): Value {
    return mul(1 - lr * this.weightDecay, w);
  }
}
