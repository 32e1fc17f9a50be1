/** Learning rates that change from step to step. */

/** What a schedule was made of: enough to store it and make it again. */
export interface ScheduleDefinition {
  readonly name: ScheduleName;
  /** The rate that it begins with; for `warmup` also the schedule that follows. */
  readonly lr: number | ScheduleDefinition;
  readonly options: Readonly<Record<string, number>>;
}

/**
 * A learning rate that depends on the number of updates done so far, 0 before the first. Any function of a number will do; those
 * made here also say what they were made of, so that optimizers that use them can be saved.
 */
export interface Schedule {
  (step: number): number;
  readonly definition?: ScheduleDefinition;
}

/** A {@link Schedule} that can be saved. */
export interface StoredSchedule extends Schedule {
  readonly definition: ScheduleDefinition;
}

/** Names of the schedules of this module. */
export type ScheduleName = 'constant' | 'stepDecay' | 'exponentialDecay' | 'cosine' | 'warmup';

/** The same rate at every step. */
export function constant(lr: number): StoredSchedule {
  return define('constant', lr, {}, () => lr);
}

/**
 * The rate times `factor` after every `every` steps.
 * @throws RangeError unless `every` is a whole number of at least 1
 * @example
 * new Sgd({ lr: stepDecay(0.1, { every: 6000, factor: 0.5 }) });
 */
export function stepDecay(lr: number, { every, factor = 0.1 }: { every: number; factor?: number }): StoredSchedule {
  checkSteps('stepDecay', 'every', every, 1);
  return define('stepDecay', lr, { every, factor }, step => lr * factor ** Math.floor(step / every));
}

/**
 * The rate times `rate` to the power of step / `every`: a smooth {@link stepDecay}.
 * @throws RangeError unless `every` is a whole number of at least 1
 */
export function exponentialDecay(lr: number, { rate, every = 1 }: { rate: number; every?: number }): StoredSchedule {
  checkSteps('exponentialDecay', 'every', every, 1);
  return define('exponentialDecay', lr, { rate, every }, step => lr * rate ** (step / every));
}

/**
 * Half a cosine wave from the rate down to `end` over `steps` steps, and `end` after them (Loshchilov and Hutter 2017, without restarts).
 * @throws RangeError unless `steps` is a whole number of at least 1
 */
export function cosine(lr: number, { steps, end = 0 }: { steps: number; end?: number }): StoredSchedule {
  checkSteps('cosine', 'steps', steps, 1);
  return define('cosine', lr, { steps, end }, step => end + ((lr - end) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2);
}

/**
 * A straight line from `start` to the rate over `steps` steps; then the rate, or the schedule, which begins with its step 0.
 * @throws RangeError unless `steps` is a whole number of at least 1
 * @example
 * new Adam({ lr: warmup(cosine(0.001, { steps: 9000 }), { steps: 1000 }) });
 */
export function warmup(lr: number | StoredSchedule, options: { steps: number; start?: number }): StoredSchedule;
export function warmup(lr: number | Schedule, options: { steps: number; start?: number }): Schedule;
export function warmup(lr: number | Schedule, { steps, start = 0 }: { steps: number; start?: number }): Schedule {
  checkSteps('warmup', 'steps', steps, 1);
  const after = typeof lr === 'number' ? () => lr : lr;
  const rate = (step: number) => (step >= steps ? after(step - steps) : start + ((after(0) - start) * step) / steps);
  const inner = typeof lr === 'number' ? lr : lr.definition;
  return inner === undefined ? rate : define('warmup', inner, { steps, start }, rate);
}

/**
 * Makes a schedule again from its definition.
 * @throws TypeError when the definition is not one of this module's
 */
export function scheduleFrom({ name, lr, options }: ScheduleDefinition): StoredSchedule {
  const need = (option: string): number => {
    const x = options[option];
    if (typeof x !== 'number') throw new TypeError(`scheduleFrom: ${name} needs the number ${option}`);
    return x;
  };
  if (name === 'warmup') return warmup(typeof lr === 'number' ? lr : scheduleFrom(lr), { steps: need('steps'), start: need('start') });
  if (typeof lr !== 'number') throw new TypeError(`scheduleFrom: ${name} begins with a number, not with another schedule`);
  switch (name) {
    case 'constant':
      return constant(lr);
    case 'stepDecay':
      return stepDecay(lr, { every: need('every'), factor: need('factor') });
    case 'exponentialDecay':
      return exponentialDecay(lr, { rate: need('rate'), every: need('every') });
    case 'cosine':
      return cosine(lr, { steps: need('steps'), end: need('end') });
    default:
      throw new TypeError(`scheduleFrom: there is no schedule named ${JSON.stringify(name)}`);
  }
}

function define(
  name: ScheduleName,
  lr: number | ScheduleDefinition,
  options: Record<string, number>,
  rate: (step: number) => number,
): StoredSchedule {
  return Object.assign(rate, { definition: { name, lr, options } });
}

function checkSteps(caller: string, option: string, steps: number, least: number): void {
  if (!Number.isSafeInteger(steps) || steps < least)
    throw new RangeError(`${caller}: ${option} must be a whole number of at least ${least}, not ${steps}`);
}
