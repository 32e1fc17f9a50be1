/** In-place writes. Pending programs keep what they were given; arrays that a running gradient needs are refused. */
import { boxEntry, interruptRepeat, isBox, value } from '@knet/autograd';
import type { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { computeGroup, copyArray, materialize } from '../core/lazy.js';
import { formatShape, sameShape } from '../core/shape.js';
import { differentDevices } from './elementwise.js';

/**
 * The array behind a handle, ready to be written in place.
 * @throws TypeError for a box of a running gradient; Error when a running gradient still needs the old elements
 */
export function writable(x: KnetArray, caller: string): DeviceArray {
  const target = checkWritable(x, caller);
  if (target.strides.some((stride, d) => stride === 0 && target.shape[d]! > 1))
    throw new TypeError(`${caller}: this array repeats the elements of a smaller one (expand); write to that one, or to a copy(a)`);
  materialize(target);
  const buffer = target.requireBuffer();
  if (buffer.readers > 0) {
    // Somebody still has to read the old elements: they keep the old storage, this array goes on with a copy.
    const whole = target.alias([buffer.length], 0);
    const fresh = copyArray(whole);
    whole.free();
    replaceStorage(target, fresh);
  }
  return target;
}

/** Checks that an array may be written in place. */
export function checkWritable(x: KnetArray, caller: string): DeviceArray {
  // What a gradient computation was called with is read when it is run again: it must be as it was.
  interruptRepeat();
  const target = value(x);
  if (isBox(x) && !x[boxEntry].param) {
    throw new TypeError(
      `${caller}: an array that is being differentiated cannot be written in place; build a new one with cat, where or arithmetic`,
    );
  }
  if (!(target instanceof DeviceArray)) throw new TypeError(`${caller}: expected a KnetArray`);
  if (target.released) target.requireBuffer();
  if (target.holds > 0 || (target.buffer?.holds ?? 0) > 0)
    throw new Error(`${caller}: a running gradient computation still needs the elements of this array; write after it, or to a copy(a)`);
  return target;
}

/** An array and the values that it is to get. */
export type Assignment = readonly [target: KnetArray, value: KnetArray];

/**
 * Gives arrays new elements, all of them at once: the values are computed first, those of one group that have one shape in one
 * program, and only then take the places of the old ones. If anything fails, every target is as it was.
 *
 * @param groups - pairs that share intermediate results belong in one group; those of other groups are computed apart
 * @example
 * assign([[w, sub(w, mul(lr, g))]]);
 */
export function assign(...groups: readonly (readonly Assignment[])[]): void {
  const work = groups.map(pairs => pairs.map(check));
  for (const pairs of work) computeTogether(pairs.map(({ source }) => source));
  // A loop: `flat` costs more than the rest of a small step's assignment.
  const all: CheckedAssignment[] = [];
  for (const pairs of work) all.push(...pairs);
  // Pending results that still want the old elements of a pending target must not find the new ones.
  for (const { target } of all) if ((target.pending?.users?.length ?? 0) > 0) materialize(target);
  // Values that another pair overwrites or takes over, and those that stay the user's, are copied before anything is written.
  const stamp = ++stamps;
  for (const { target } of all) if (target.buffer !== undefined) target.buffer.stamp = stamp;
  const copies: DeviceArray[] = [];
  try {
    for (const item of all) {
      const { buffer } = item.source;
      const free = buffer?.stamp !== stamp;
      if (buffer !== undefined) buffer.stamp = stamp;
      if (free && (isTemporary(item.source) || !isWhole(item.target))) continue;
      item.source = copyArray(item.source);
      copies.push(item.source);
      materialize(item.source);
    }
  } catch (error) {
    for (const copy of copies) copy.free();
    throw error;
  }
  for (const { target, source } of all) {
    if (isWhole(target)) replaceStorage(target, source);
    else writable(target, 'assign').set([], source);
  }
  for (const copy of copies) copy.free();
}

/** Number of the last call of {@link assign}: it marks the buffers that are spoken for. */
let stamps = 0;

interface CheckedAssignment {
  readonly target: DeviceArray;
  source: DeviceArray;
}

function check([t, v]: Assignment): CheckedAssignment {
  const target = checkWritable(t, 'assign');
  const source = value(v);
  if (!(source instanceof DeviceArray)) throw new TypeError('assign: expected a KnetArray as value');
  if (source.released) source.requireBuffer();
  if (target.device !== source.device) throw differentDevices('assign', target, source);
  if (!sameShape(target.shape, source.shape) || target.dtype !== source.dtype) {
    throw new RangeError(
      `assign: a value of shape ${formatShape(source.shape)} ${source.dtype} for an array of shape ${formatShape(target.shape)} ${target.dtype}`,
    );
  }
  return { target, source };
}

/** Computes the pending values of a group, those of one shape in one program where the device allows it. */
function computeTogether(sources: readonly DeviceArray[]): void {
  if (sources.length === 1) {
    materialize(sources[0]!);
    return;
  }
  const open = sources.filter(x => x.pending !== undefined);
  while (open.length > 0) {
    const first = open[0]!;
    const alike = open.filter(x => x.device === first.device && x.dtype === first.dtype && sameShape(x.shape, first.shape));
    computeGroup([...new Set(alike)]);
    for (let i = open.length - 1; i >= 0; i--) if (open[i]!.pending === undefined) open.splice(i, 1);
  }
}

/** Whether an array shows all of its buffer, in order. */
export function isWhole(x: DeviceArray): boolean {
  const { buffer } = x;
  return buffer === undefined || (x.offset === 0 && buffer.length === x.size && x.contiguous);
}

/** Whether an array was made inside a scope and nothing else shows its elements: its storage can be taken over. */
function isTemporary(x: DeviceArray): boolean {
  const { buffer } = x;
  return x.scoped && x.holds === 0 && x.contiguous && x.offset === 0 && buffer?.length === x.size && buffer.refs === 1;
}

/** Moves the storage of `fresh`, which is given up, to `target`. */
function replaceStorage(target: DeviceArray, fresh: DeviceArray): void {
  materialize(fresh);
  const from = fresh.requireBuffer();
  if (target.buffer === undefined) {
    from.refs++;
    target.settleInto(from);
  } else target.buffer.takeOver(from);
  fresh.free();
}
