/** What all optimizers share: a learning rate, clipping, the number of steps, and state arrays that can be stored. */
import { copy, KnetArray, type Value, value } from '@knet/knetarray';
import { type Schedule, type ScheduleDefinition, scheduleFrom } from './schedule.js';

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** Learning rate, or a function of the number of updates done so far. */
  lr?: number | Schedule;
  /** Gradients of a larger 2-norm are scaled to this one; 0 leaves all as they are. */
  gclip?: number;
}

/** An optimizer as data: what it is, its options and its arrays. */
export interface OptimizerState {
  /** Name of the class. */
  readonly type: string;
  /** Updates done. */
  readonly step: number;
  readonly options: Readonly<Record<string, number | ScheduleDefinition>>;
  readonly slots: Readonly<Record<string, KnetArray | number>>;
}

/** Made once: plain gradient descent makes optimizers for every step. */
const commonOptions: readonly string[] = ['lr', 'gclip'];

/** What an update rule computes: the new parameter and the new state. */
export interface Step {
  readonly w: Value;
  readonly slots: Readonly<Record<string, Value>>;
}

/**
 * Base of the optimizers. One instance serves one parameter: it keeps state of the parameter's shape.
 *
 * A new one defines `type`, `slotNames`, `optionNames` and `rule`, written with generic functions, so that it serves numbers and
 * arrays alike; {@link update} does the rest.
 */
export abstract class Optimizer {
  /** Learning rate, or a function of the number of updates done so far. May be changed between updates. */
  lr: number | Schedule;
  /** Gradients of a larger 2-norm are scaled to this one; 0 leaves all as they are. */
  gclip: number;
  /** Updates done. */
  step = 0;
  /** State by name; a missing one counts as 0. Written by {@link update}. */
  slots: Record<string, KnetArray | number> = {};

  /** Name of the class, for storing. */
  abstract readonly type: string;
  /** Names of the state arrays. */
  abstract readonly slotNames: readonly string[];
  /** Names of the fields that are options. */
  readonly optionNames: readonly string[] = commonOptions;

  constructor(lr: number | Schedule, gclip = 0) {
    this.lr = lr;
    this.gclip = gclip;
  }

  /**
   * The update rule: new parameter and state from the old ones, without writing any.
   *
   * @param w - parameter
   * @param g - its gradient, clipped
   * @param slots - state by name
   * @param lr - learning rate of this step
   * @param t - number of this step, 1 for the first
   */
  abstract rule(w: Value, g: Value, slots: Readonly<Record<string, Value>>, lr: number, t: number): Step;

  /**
   * The optimizer as data, to be stored. Its arrays are the optimizer's own, not copies.
   * @throws TypeError when the learning rate is a function of the user's, which is no data
   */
  state(): OptimizerState {
    const options: Record<string, number | ScheduleDefinition> = {};
    for (const name of this.optionNames) {
      const option: unknown = Reflect.get(this, name);
      if (typeof option === 'number') options[name] = option;
      else if (isSchedule(option) && option.definition !== undefined) options[name] = option.definition;
      else {
        throw new TypeError(
          `${this.type}.state: ${name} is a function, which cannot be stored; use a schedule of @knet/optim, or set it to a number while saving`,
        );
      }
    }
    return { type: this.type, step: this.step, options, slots: { ...this.slots } };
  }

  /**
   * Takes over what {@link state} gave; arrays are copied.
   * @throws TypeError when the state is another optimizer's
   */
  restore(state: OptimizerState): this {
    if (state.type !== this.type) throw new TypeError(`${this.type}.restore: the state is one of ${state.type}`);
    const unknown = [
      ...Object.keys(state.options).filter(name => !this.optionNames.includes(name)),
      ...Object.keys(state.slots).filter(name => !this.slotNames.includes(name)),
    ];
    if (unknown.length > 0) throw new TypeError(`${this.type}.restore: it has no ${unknown.join(', ')}`);
    for (const [name, option] of Object.entries(state.options))
      Reflect.set(this, name, typeof option === 'number' ? option : scheduleFrom(option));
    this.step = state.step;
    this.slots = Object.fromEntries(Object.entries(state.slots).map(([name, x]) => [name, x instanceof KnetArray ? copy(value(x)) : x]));
    return this;
  }
}

function isSchedule(x: unknown): x is Schedule {
  return typeof x === 'function';
}
