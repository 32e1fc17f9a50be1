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

/** A parameter with what belongs to it. */
export interface Parameter {
  readonly path: Path;
  readonly w: Value;
  readonly g: Value;
  readonly optimizer: Optimizer;
  /** The place of the parameter in its container; undefined for a parameter that is the whole structure. */
  readonly place: Place | undefined;
}

/** An item of a container. */
interface Place {
  /** Whether the container takes a new item. */
  readonly writable: boolean;
  put(x: Value): void;
}

/**
 * The parameters that have a gradient, in order.
 * @throws TypeError where the structures differ
 */
export function pairUp(w: unknown, g: unknown, o: unknown): Parameter[] {
  const list: Parameter[] = [];
  walk(list, w, g, o, [], undefined);
  return list;
}

function walk(list: Parameter[], w: unknown, g: unknown, o: unknown, path: Path, place: Place | undefined): void {
  if (g === undefined || g === null) return;
  if (isValue(w)) {
    if (!isValue(g)) throw mismatch(path, 'a parameter', 'gradient', g);
    list.push({ path, w, g, optimizer: optimizerOf(path, o), place });
    return;
  }
  if (!isContainer(w)) return;
  if (kind(g) !== kind(w)) throw mismatch(path, `${kind(w)} of parameters`, 'gradient', g);
  const plain = o === undefined || isSgdOptions(o);
  if (o instanceof Optimizer) {
    throw new TypeError(
      `update: one ${o.type} for ${kind(w)} of parameters at ${formatPath(path)}: each parameter needs its own; write optimizers(w, () => new ${o.type}())`,
    );
  }
  if (!plain && kind(o) !== kind(w)) throw mismatch(path, `${kind(w)} of parameters`, 'optimizer', o);
  const gradients = entries(g);
  const states = plain ? undefined : entries(o);
  const parameters = entries(w);
  if (Array.isArray(w)) {
    checkLength(path, w.length, gradients.size, 'gradients');
    if (states !== undefined) checkLength(path, w.length, states.size, 'optimizers');
  } else {
    checkKeys(path, parameters, gradients, 'gradients');
    if (states !== undefined) checkKeys(path, parameters, states, 'optimizers');
  }
  for (const [key, item] of parameters) {
    const at = [...path, typeof key === 'number' ? key : String(key)];
    walk(list, item, gradients.get(key), states === undefined ? o : (states.get(key) ?? missing), at, placeOf(w, key));
  }
}

/** Stands where a structure of optimizers has none. */
const missing: unique symbol = /* @__PURE__ */ Symbol('missing');

function optimizerOf(path: Path, o: unknown): Optimizer {
  if (o instanceof Optimizer) return o;
  if (o === undefined) return new Sgd();
  if (isSgdOptions(o)) return new Sgd(o);
  if (o === missing) throw new TypeError(`update: the parameter at ${formatPath(path)} has a gradient but no optimizer`);
  throw new TypeError(
    `update: at ${formatPath(path)} stands a parameter, but not an optimizer: expected an Optimizer or { lr }, got ${kind(o)}`,
  );
}

/** Whether plain data stands for an Sgd: nothing but numbers under the names of its options. */
function isSgdOptions(o: unknown): o is SgdOptions {
  if (kind(o) !== 'an object') return false;
  for (const [key, x] of entries(o)) if ((key !== 'lr' && key !== 'gclip') || (typeof x !== 'number' && x !== undefined)) return false;
  return true;
}

function placeOf(container: object, key: unknown): Place {
  if (container instanceof Map) return { writable: true, put: x => container.set(key, x) };
  const name = String(key);
  return {
    writable: Object.getOwnPropertyDescriptor(container, name)?.writable === true,
    put: x => Reflect.set(container, name, x),
  };
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

function checkLength(path: Path, n: number, found: number, what: string): void {
  if (found !== n) throw new TypeError(`update: the structures differ at ${formatPath(path)}: ${n} parameters, but ${found} ${what}`);
}

function checkKeys(path: Path, parameters: Map<unknown, unknown>, found: Map<unknown, unknown>, what: string): void {
  for (const [key, x] of found) {
    if (parameters.has(key) || x === undefined || x === null) continue;
    const at = formatPath([...path, String(key)]);
    throw new TypeError(`update: the structures differ at ${at}: it is among the ${what}, but not among the parameters`);
  }
}
