/** Walks over nested containers - arrays, tuples, plain objects, Maps - of differentiable values. */
import { leafType } from './keys.js';
import { isValue, type Leaf, type Value } from './leaf.js';

/** Where a leaf stands in a structure: keys from the root. */
export type Path = readonly (string | number)[];

/** Text of a path: `[0].weights`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return 'the argument itself';
  return path.map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
}

/** Whether a value is a container that the walks enter: an array, a Map or a plain object. Objects of other classes are not. */
export function isContainer(x: unknown): x is unknown[] | Map<unknown, unknown> | Record<string, unknown> {
  if (typeof x !== 'object' || x === null) return false;
  if (Array.isArray(x) || x instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The same structure with every leaf (number or array) replaced by `f(leaf)`. What is neither leaf nor container - strings,
 * null, functions - passes through untouched.
 *
 * @example
 * mapLeaves({ w: 2, name: 'a' }, x => -x); // { w: -2, name: 'a' }
 */
export function mapLeaves<T>(tree: T, f: (leaf: Value, path: Path) => unknown, path: Path = []): T {
  // A structure maps to the same structure: TypeScript cannot follow that through the walk.
  // Paths cost more than the walk: they are only made for those who take them.
  return mapUnknown(tree, f, f.length > 1 ? path : undefined) as T;
}

/** {@link isValue} with a memory of its own for the classes that it meets; see `primitive.ts`. */
function isLeaf(x: unknown): x is Value {
  return typeof x === 'number' || (typeof x === 'object' && x !== null && (x as Partial<Leaf>)[leafType] !== undefined);
}

function mapUnknown(x: unknown, f: (leaf: Value, path: Path) => unknown, path: Path | undefined): unknown {
  if (Array.isArray(x)) {
    const items: unknown[] = x.slice();
    for (let i = 0; i < items.length; i++) items[i] = mapUnknown(items[i], f, path && [...path, i]);
    return items;
  }
  if (isLeaf(x)) return f(x, path ?? []);
  if (!isContainer(x)) return x;
  const longer = (key: string | number): Path | undefined => path && [...path, key];
  if (x instanceof Map) return new Map([...x].map(([key, item]) => [key, mapUnknown(item, f, longer(String(key)))]));
  return Object.fromEntries(Object.entries(x).map(([key, item]) => [key, mapUnknown(item, f, longer(key))]));
}

/**
 * Calls `f` on every leaf, in order, with its path.
 *
 * @example
 * forEachLeaf({ w: [1, 2] }, (x, path) => console.log(formatPath(path), x)); // .w[0] 1, then .w[1] 2
 */
export function forEachLeaf(tree: unknown, f: (leaf: Value, path: Path) => void): void {
  mapUnknown(tree, f, f.length > 1 ? [] : undefined);
}

/** Replaces in place, in every container reached from `x`, the items for which `f` gives something other than undefined. */
export function replaceInPlace(x: unknown, f: (item: unknown) => unknown, seen?: Set<unknown>): void {
  // Lists, which most containers are, are known at once, and values before `isContainer` has to search what they inherit.
  if (!Array.isArray(x) && (isValue(x) || !isContainer(x))) return;
  if (seen?.has(x)) return;
  seen?.add(x);
  if (Array.isArray(x)) {
    for (let i = 0; i < x.length; i++) {
      const r = replacementOf(x[i], f, x, seen);
      if (r !== undefined) x[i] = r;
    }
  } else if (x instanceof Map) {
    for (const [key, item] of x) {
      const r = replacementOf(item, f, x, seen);
      if (r !== undefined) x.set(key, r);
    }
  } else {
    for (const key of Object.keys(x)) {
      const r = replacementOf(x[key], f, x, seen);
      if (r !== undefined) x[key] = r;
    }
  }
}

function replacementOf(item: unknown, f: (item: unknown) => unknown, parent: object, seen: Set<unknown> | undefined): unknown {
  if (typeof item !== 'object' || item === null) return undefined;
  const replacement = f(item);
  // Only what holds containers can hold itself: a list of leaves needs no set.
  if (replacement === undefined && !isValue(item)) replaceInPlace(item, f, seen ?? new Set([parent]));
  return replacement;
}
