/** One step of an optimizer over a structure of parameters: everything is checked and computed before anything is written. */
import {
  type Assignment,
  assign,
  astype,
  boxEntry,
  canDescend,
  closeScope,
  Descent,
  DeviceArray,
  descend,
  div,
  formatPath,
  formatShape,
  isBox,
  isFloat,
  type KnetArray,
  min,
  mul,
  norm,
  openScope,
  param,
  sameShape,
  similar,
  type Value,
  value,
} from '@knet/knetarray';
import type { Optimizer } from './optimizer.js';
import { Sgd } from './sgd.js';
import { type Gradients, type Optimizers, type Parameter, type Place, pairUp } from './trees.js';

/**
 * One optimizer step. Arrays are written in place; a number is replaced in its container.
 *
 * Parameters, gradients and optimizers are one array each, or structures - arrays, tuples, plain objects, Maps, nested - that are
 * equal. A missing or null gradient leaves its parameters alone. Plain data `{ lr }` in place of optimizers is plain gradient descent.
 * Every new value is computed before the first is written: a step that fails leaves parameters and optimizers as they were.
 *
 * @param w - parameters: what `grad` was given
 * @param g - gradients: what it returned
 * @param optimizer - one optimizer per number or array (see `optimizers`), or `{ lr, gclip }` for all
 * @returns the updated parameters: `w` itself, or the new value where `w` is one number
 * @throws TypeError or RangeError, with the path, where structures, shapes or devices differ
 *
 * @example
 * const state = optimizers(w, () => new Adam());
 * update(w, lossGradient(w, x, y), state);
 * update(w, lossGradient(w, x, y), { lr: 0.1 }); // plain gradient descent
 */
export function update<T>(w: T, g: Gradients<T>, optimizer?: Optimizers<T>): T {
  const parameters = pairUp(w, g, optimizer);
  // `map` makes one class of array while it is interpreted and another once it is compiled, which costs all that was compiled for the first.
  const plans: Plan[] = new Array(parameters.length);
  for (let i = 0; i < plans.length; i++) plans[i] = plan(parameters[i]!);
  checkDistinct(parameters);
  if (!descends(plans)) {
    const groups: Assignment[][] = [];
    const mark = openScope();
    try {
      for (const p of plans) groups.push(compute(p));
      assign(...groups);
    } finally {
      closeScope(mark);
    }
  }
  let result: unknown = w;
  for (const { parameter, next, slots } of plans) {
    const { optimizer: o, place, w: before } = parameter;
    o.slots = slots;
    o.step++;
    if (next === undefined) continue;
    const after = isBox(before) ? param(next) : next;
    if (place.isRoot) result = after;
    else place.put(after);
  }
  // A number may have become an array where its gradient cannot be read: generic functions take either.
  return result as T;
}

/** What a step does with one parameter. */
class Plan {
  constructor(
    readonly parameter: Parameter,
    readonly w: KnetArray | number,
    readonly g: KnetArray | number,
    readonly lr: number,
    /** The array or number of each state after the step; until then the arrays hold the old elements. */
    readonly slots: Record<string, KnetArray | number>,
    /** The new value of a parameter that is not written in place. */
    public next: KnetArray | number | undefined,
  ) {}
}

function plan(parameter: Parameter): Plan {
  const { place, optimizer } = parameter;
  const w = unbox(place, parameter.w, 'the parameter');
  let g = unbox(place, parameter.g, 'the gradient');
  const rate = optimizer.lr;
  const lr = typeof rate === 'number' ? rate : rate(optimizer.step);
  if (!Number.isFinite(lr))
    throw new RangeError(`update: at ${formatPath(place.path)} the learning rate of step ${optimizer.step} is ${lr}`);
  if (typeof w === 'number') {
    if (!place.writable) {
      throw new TypeError(
        `update: the number at ${formatPath(place.path)} is in a frozen container, which cannot take its new value; use a 0-d array, full([], ${w})`,
      );
    }
    if (typeof g !== 'number') {
      if (g.size !== 1 || g.ndim > 0) throw misfit(place, 'a number', describe(g));
      if (g.device.backend.readSync !== undefined) g = g.itemSync();
    }
  } else {
    if (!isFloat(w.dtype))
      throw new TypeError(`update: the parameter at ${formatPath(place.path)} is ${w.dtype}; only floats can be trained`);
    if (typeof g === 'number' || !sameShape(w.shape, g.shape)) throw misfit(place, describe(w), describe(g));
    if (w.device !== g.device) {
      throw new TypeError(
        `update: at ${formatPath(place.path)} the parameter is on '${w.device.name}', its gradient on '${g.device.name}'`,
      );
    }
    if (w instanceof DeviceArray && w.holds > 0) {
      throw new Error(`update: a running gradient computation still needs the parameter at ${formatPath(place.path)}; update after it`);
    }
  }
  const slots: Record<string, KnetArray | number> = optimizer.slotNames.length === 0 ? optimizer.slots : {};
  const like = typeof w === 'number' ? g : w;
  for (const name of optimizer.slotNames) slots[name] = slotFor(parameter, name, like);
  return new Plan(parameter, w, g, lr, slots, typeof w !== 'number' ? undefined : typeof g === 'number' ? 0 : similar(g));
}

/** The array that will hold a state: the one that holds it now, or a new one. */
function slotFor({ place, optimizer }: Parameter, name: string, like: KnetArray | number): KnetArray | number {
  const x = optimizer.slots[name];
  if (typeof like === 'number') {
    if (x === undefined || typeof x === 'number') return x ?? 0;
    throw new TypeError(
      `update: the ${optimizer.type} at ${formatPath(place.path)} keeps arrays, but its parameter is a number; ${oneEach}`,
    );
  }
  if (x === undefined || typeof x === 'number') return similar(like);
  if (sameShape(x.shape, like.shape) && x.dtype === like.dtype && x.device === like.device) return x;
  throw new RangeError(
    `update: the ${optimizer.type} at ${formatPath(place.path)} keeps ${describe(x)} on '${x.device.name}', but its parameter is ${describe(like)} on '${like.device.name}'; ${oneEach}`,
  );
}

/** Takes the step, when all of it is plain gradient descent on arrays that are at hand, or on numbers. */
function descends(plans: readonly Plan[]): boolean {
  const steps: Descent[] = [];
  for (const { parameter, w, g, lr, next } of plans) {
    const { optimizer } = parameter;
    if (optimizer.rule !== Sgd.prototype.rule || optimizer.gclip !== 0) return false;
    if (w instanceof DeviceArray && g instanceof DeviceArray && canDescend(w, g)) steps.push(new Descent(w, g, lr));
    else if (typeof next !== 'number') return false;
  }
  descend(steps);
  for (const p of plans) if (typeof p.w === 'number' && typeof p.g === 'number') p.next = p.w - p.lr * p.g;
  return true;
}

/** The new values of one parameter and its states, still to be assigned. */
function compute(p: Plan): Assignment[] {
  const { optimizer, place } = p.parameter;
  const g = typeof p.g === 'number' || typeof p.w === 'number' || p.g.dtype === p.w.dtype ? p.g : astype(p.g, p.w.dtype);
  const clipped = optimizer.gclip === 0 ? g : clip(g, optimizer.gclip, place);
  const result = optimizer.rule(p.w, clipped, optimizer.slots, p.lr, optimizer.step + 1);
  const pairs: Assignment[] = [];
  const target = p.next ?? p.w;
  if (typeof target === 'number') p.next = numberOf(result.w, optimizer.type, place);
  else pairs.push([target, arrayOf(result.w, optimizer.type, place)]);
  for (const name of optimizer.slotNames) {
    const slot = p.slots[name]!;
    const x = result.slots[name];
    if (typeof slot === 'number') p.slots[name] = numberOf(x, optimizer.type, place);
    else pairs.push([slot, arrayOf(x, optimizer.type, place)]);
  }
  return pairs;
}

/** A gradient with a 2-norm of at most `limit`. The factor is computed on the device: nothing is read back. */
function clip(g: KnetArray | number, limit: number, place: Place): Value {
  if (!(limit > 0)) throw new RangeError(`update: gclip at ${formatPath(place.path)} must be 0 (off) or greater, not ${limit}`);
  if (typeof g === 'number') return g * Math.min(1, limit / Math.abs(g));
  return mul(g, min(1, div(limit, norm(g))));
}

function checkDistinct(parameters: readonly Parameter[]): void {
  if (parameters.length > few) {
    const owners = new Map<unknown, Place>();
    for (const { place, w, optimizer, plain } of parameters) {
      for (const x of [typeof w === 'number' ? undefined : value(w), plain ? undefined : optimizer]) {
        if (x === undefined) continue;
        const other = owners.get(x);
        if (other !== undefined) throw repeated(x === optimizer ? optimizer : undefined, other, place);
        owners.set(x, place);
      }
    }
    return;
  }
  for (let i = 1; i < parameters.length; i++) {
    const { place, w, optimizer, plain } = parameters[i]!;
    for (let k = 0; k < i; k++) {
      const other = parameters[k]!;
      if (typeof w !== 'number' && value(w) === value(other.w)) throw repeated(undefined, other.place, place);
      if (optimizer === other.optimizer && !plain) throw repeated(optimizer, other.place, place);
    }
  }
}

/** Parameters that are compared each with each: a Map of so few costs more. */
const few = 8;

function repeated(optimizer: Optimizer | undefined, first: Place, second: Place): TypeError {
  const what = optimizer === undefined ? 'array' : `optimizer (${optimizer.type})`;
  const advice = optimizer === undefined ? 'give it once, and use it twice in the model' : oneEach;
  return new TypeError(`update: the same ${what} stands at ${formatPath(first.path)} and at ${formatPath(second.path)}; ${advice}`);
}

const oneEach = 'each parameter needs an optimizer of its own: optimizers(w, () => new ...)';

function unbox(place: Place, x: Value, what: string): KnetArray | number {
  if (isBox(x) && !x[boxEntry].param) throw differentiated(place, what);
  const plain = value(x);
  if (typeof plain === 'number') return plain;
  if (!(plain instanceof DeviceArray))
    throw new TypeError(`update: ${what} at ${formatPath(place.path)} is neither a number nor a KnetArray`);
  if (plain.released) throw new Error(`update: ${what} at ${formatPath(place.path)} was disposed of`);
  return plain;
}

function differentiated(place: Place, what: string): TypeError {
  return new TypeError(`update: ${what} at ${formatPath(place.path)} is being differentiated; call update outside of grad`);
}

function misfit(place: Place, w: string, g: string): RangeError {
  return new RangeError(`update: at ${formatPath(place.path)} the parameter is ${w}, but its gradient is ${g}`);
}

function describe(x: KnetArray | number): string {
  return typeof x === 'number' ? 'a number' : `${x.dtype} ${formatShape(x.shape)}`;
}

function numberOf(x: Value | undefined, type: string, place: Place): number {
  if (typeof x === 'number') return x;
  throw new TypeError(`update: the rule of ${type} gave no number for the number at ${formatPath(place.path)}`);
}

function arrayOf(x: Value | undefined, type: string, place: Place): KnetArray {
  if (x instanceof DeviceArray) return x;
  throw new TypeError(`update: the rule of ${type} gave no array for the array at ${formatPath(place.path)}`);
}
