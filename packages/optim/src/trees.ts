/** Structures of parameters with equal structures of gradients and optimizers. */
import { formatPath, isContainer, isValue, mapLeaves, type Path, type Value } from '@knet/knetarray';
import { Optimizer } from './optimizer.js';
import { Sgd } from './sgd.js';

/** Plain gradient descent as data: what `update` takes in place of an {@link Sgd}. */
export interface SgdOptions {
  /** Learning rate; default 0.001. */
  lr?: number;
  /** Gradients of a larger 2-norm are scaled to this one; default 0, off. */
  gclip?: number;
}

/** The structure of T with something else in place of its numbers and arrays. */
export type Like<T, Leaf> = T extends Value
  ? Leaf
  : T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Like<V, Leaf>>
    : T extends (...args: never) => unknown
      ? T
      : T extends object
        ? { [K in keyof T]: Like<T[K], Leaf> }
        : T;

/** Gradients of parameters of type T: any of them may be missing. */
export type Gradients<T> =
  | (T extends Value
      ? T | Value
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<K, Gradients<V>>
        : T extends (...args: never) => unknown
          ? unknown
          : T extends object
            ? { readonly [K in keyof T]?: Gradients<T[K]> }
            : unknown)
  | null
  | undefined;

/** One optimizer per number or array of T, or plain gradient descent for a whole part of it. */
export type Optimizers<T> =
  | SgdOptions
  | (T extends Value
      ? Optimizer
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<K, Optimizers<V>>
        : T extends (...args: never) => unknown
          ? unknown
          : T extends object
            ? { readonly [K in keyof T]: Optimizers<T[K]> }
            : unknown);

/**
 * One optimizer for each number or array in a structure.
 *
 * @example
 * const state = optimizers(w, () => new Adam());
 * update(w, gradient(w, x, y), state);
 */
export function optimizers<T, O extends Optimizer>(w: T, make: (parameter: Value, path: Path) => O): Like<T, O> {
  // The structure of w with an optimizer per leaf: mapLeaves declares the type that it was given.
  return mapLeaves(w, make) as unknown as Like<T, O>;
}

/**
 * A parameter with what belongs to it. A class, as is all that refers to gradients: object literals V8 may come to make where it looks for
 * garbage least often, and then they keep what was dropped.
 */
export class Parameter {
  constructor(
    readonly w: Value,
    readonly g: Value,
    readonly optimizer: Optimizer,
    /** Whether the optimizer was made of plain data, and serves all that the data stand for. */
    readonly plain: boolean,
    readonly place: Place,
  ) {}
}

/** Where a parameter stands: an item of a container, or the whole structure. */
export class Place {
  constructor(
    private readonly parent: Place | undefined,
    private readonly container: object | undefined,
    private readonly key: unknown,
  ) {}

  /** Whether the parameter is the whole structure, which has no container. */
  get isRoot(): boolean {
    return this.container === undefined;
  }

  /** Keys from the root. Put together when it is asked for: only messages need it. */
  get path(): Path {
    if (this.container === undefined) return [];
    return [...(this.parent?.path ?? []), typeof this.key === 'number' ? this.key : String(this.key)];
  }

  /** Whether the container takes a new item. */
  get writable(): boolean {
    const { container, key } = this;
    if (container === undefined || container instanceof Map) return true;
    if (Array.isArray(container) && typeof key === 'number') {
      // Putting the item where it stands tells as much as its descriptor, which costs more than the rest of a number's step.
      const item: unknown = container[key];
      try {
        container[key] = item;
        return true;
      } catch {
        return false;
      }
    }
    return Object.getOwnPropertyDescriptor(container, String(key))?.writable === true;
  }

  /** Puts a new item in the container. */
  put(x: Value): void {
    const { container, key } = this;
    if (container instanceof Map) container.set(key, x);
    else if (Array.isArray(container) && typeof key === 'number') container[key] = x;
    else if (container !== undefined) Reflect.set(container, String(key), x);
  }
}

/**
 * The parameters that have a gradient, in order.
 * @throws TypeError where the structures differ
 */
export function pairUp(w: unknown, g: unknown, o: unknown): Parameter[] {
  const list: Parameter[] = [];
  const plain = plainDescent(o);
  walk(list, w, g, plain ?? o, plain !== undefined, new Place(undefined, undefined, undefined));
  return list;
}

/** What plain data, or nothing, stand for. It has no state, so one serves many parameters. */
function plainDescent(o: unknown): Sgd | undefined {
  return o === undefined || isSgdOptions(o) ? new Sgd(o) : undefined;
}

/** `plain` tells that `o` was plain data and serves everything below. */
function walk(list: Parameter[], w: unknown, g: unknown, o: unknown, plain: boolean, place: Place): void {
  if (g === undefined || g === null) return;
  if (isValue(w)) {
    if (!isValue(g)) throw mismatch(place.path, 'a parameter', 'gradient', g);
    list.push(new Parameter(w, g, optimizerOf(place, o), plain, place));
    return;
  }
  if (!isContainer(w)) return;
  if (kind(g) !== kind(w)) throw mismatch(place.path, `${kind(w)} of parameters`, 'gradient', g);
  if (o instanceof Optimizer && !plain) {
    throw new TypeError(
      `update: one ${o.type} for ${kind(w)} of parameters at ${formatPath(place.path)}: each parameter needs its own; write optimizers(w, () => new ${o.type}())`,
    );
  }
  if (!plain && kind(o) !== kind(w)) throw mismatch(place.path, `${kind(w)} of parameters`, 'optimizer', o);
  if (Array.isArray(w) && Array.isArray(g)) {
    checkLength(place, w.length, g.length, 'gradients');
    const states = Array.isArray(o) && !plain ? o : undefined;
    if (states !== undefined) checkLength(place, w.length, states.length, 'optimizers');
    for (let i = 0; i < w.length; i++) {
      const state: unknown = states === undefined ? o : (states[i] ?? missing);
      walkPart(list, w[i], g[i], state, plain, new Place(place, w, i));
    }
    return;
  }
  const gradients = entries(g);
  const states = plain ? undefined : entries(o);
  const parameters = entries(w);
  checkKeys(place, parameters, gradients, 'gradients');
  if (states !== undefined) checkKeys(place, parameters, states, 'optimizers');
  for (const [key, item] of parameters) {
    const state: unknown = states === undefined ? o : (states.get(key) ?? missing);
    walkPart(list, item, gradients.get(key), state, plain, new Place(place, w, key));
  }
}

function walkPart(list: Parameter[], w: unknown, g: unknown, o: unknown, plain: boolean, place: Place): void {
  const descent = plain ? undefined : plainDescent(o);
  walk(list, w, g, descent ?? o, plain || descent !== undefined, place);
}

/** Stands where a structure of optimizers has none. */
const missing: unique symbol = /* @__PURE__ */ Symbol('missing');

function optimizerOf(place: Place, o: unknown): Optimizer {
  if (o instanceof Optimizer) return o;
  if (o === missing) throw new TypeError(`update: the parameter at ${formatPath(place.path)} has a gradient but no optimizer`);
  throw new TypeError(
    `update: at ${formatPath(place.path)} stands a parameter, but not an optimizer: expected an Optimizer or { lr }, got ${kind(o)}`,
  );
}

/** Whether plain data stands for an Sgd: nothing but numbers under the names of its options. */
function isSgdOptions(o: unknown): o is SgdOptions {
  if (o instanceof Optimizer || kind(o) !== 'an object') return false;
  for (const key of Object.keys(o as object)) {
    const x: unknown = Reflect.get(o as object, key);
    if ((key !== 'lr' && key !== 'gclip') || (typeof x !== 'number' && x !== undefined)) return false;
  }
  return true;
}

function entries(container: unknown): Map<unknown, unknown> {
  if (container instanceof Map) return container;
  if (Array.isArray(container)) return new Map(container.entries());
  return new Map(Object.entries(container as object));
}

function kind(x: unknown): string {
  if (isValue(x)) return typeof x === 'number' ? 'a number' : 'an array of numbers';
  if (x instanceof Map) return 'a Map';
  if (Array.isArray(x)) return 'a list';
  if (isContainer(x)) return 'an object';
  if (x instanceof Optimizer) return `an optimizer (${x.type})`;
  if (x === missing) return 'nothing';
  return x === null ? 'null' : typeof x === 'object' ? (x.constructor?.name ?? 'object') : typeof x;
}

function mismatch(path: Path, expected: string, what: string, found: unknown): TypeError {
  return new TypeError(
    `update: the structures differ at ${formatPath(path)}: ${expected} has ${kind(found)} for its ${what}; gradients and optimizers must be structured as the parameters are`,
  );
}

function checkLength(place: Place, n: number, found: number, what: string): void {
  if (found !== n) throw new TypeError(`update: the structures differ at ${formatPath(place.path)}: ${n} parameters, but ${found} ${what}`);
}

function checkKeys(place: Place, parameters: Map<unknown, unknown>, found: Map<unknown, unknown>, what: string): void {
  for (const [key, x] of found) {
    if (parameters.has(key) || x === undefined || x === null) continue;
    const at = formatPath([...place.path, String(key)]);
    throw new TypeError(`update: the structures differ at ${at}: it is among the ${what}, but not among the parameters`);
  }
}
