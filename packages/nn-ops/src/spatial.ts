/** Options with one number per spatial dimension, and index tables over spatial positions. */
import { array, type Device, dispose, type KnetArray, retain, type TypedArray } from '@knet/knetarray';

/** A number for every spatial dimension, or one number for all of them. */
export type PerDimension = number | readonly number[];

/**
 * One whole number per spatial dimension.
 * @throws RangeError for a list of another length, or a number that is not whole or below `least`
 */
export function perDimension(option: PerDimension, rank: number, least: number, name: string, caller: string): number[] {
  const list = typeof option === 'number' ? new Array<number>(rank).fill(option) : [...option];
  if (list.length !== rank) {
    throw new RangeError(`${caller}: ${name} has ${list.length} numbers for ${rank} spatial dimensions; give one number, or ${rank}`);
  }
  for (const n of list) {
    if (!Number.isInteger(n) || n < least)
      throw new RangeError(`${caller}: ${name} must be whole numbers of ${least} or more, not ${list.join(', ')}`);
  }
  return list;
}

/** Product of lengths. */
export function product(lengths: readonly number[]): number {
  return lengths.reduce((n, m) => n * m, 1);
}

/** Position along each dimension of a column-major index. */
export function unravel(index: number, shape: readonly number[]): number[] {
  let rest = index;
  return shape.map(n => {
    const at = rest % n;
    rest = (rest - at) / n;
    return at;
  });
}

const tables = /* @__PURE__ */ new WeakMap<Device, Map<string, KnetArray>>();
/** Tables kept per device; a model has a few geometries, each with its own. */
const mostTables = 64;

/** A constant array on a device, made by `make` the first time its key is met and kept for the next time. */
export function table(device: Device, key: string, make: () => TypedArray): KnetArray {
  let known = tables.get(device);
  if (known === undefined) {
    known = new Map();
    tables.set(device, known);
  }
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= mostTables) {
    const [oldest, unused] = known.entries().next().value!;
    known.delete(oldest);
    dispose(unused);
  }
  const made = array(make(), { device });
  // Without a hold, the tape of a running gradient computation would free it.
  retain(made);
  known.set(key, made);
  return made;
}
