/** What stands in the brackets of an index: whole numbers, ':', spans, lists of positions, masks. */
import { KnetArray } from '../array.js';
import { formatShape, type Shape } from '../core/shape.js';
import { readSync } from './read.js';

/** A range of positions, its end excluded. */
export class Span {
  constructor(
    readonly start: number,
    readonly end: number | undefined,
    readonly step: number,
  ) {}
}

/**
 * Positions from `start` up to but without `end` (to the end when omitted); negative positions count from the end.
 *
 * @example
 * a.slice(':', span(3, 5))  // columns 3 and 4
 * a.slice(span(0, undefined, 2)) // every second element
 */
export function span(start: number, end?: number, step = 1): Span {
  if (!Number.isInteger(step) || step === 0) throw new RangeError(`span: step must be a whole number other than 0, not ${step}`);
  return new Span(start, end, step);
}

/** Selection along one dimension. An integer drops the dimension. */
export type Selector = number | ':' | Span | readonly number[] | readonly boolean[] | Int32Array | KnetArray;

/** Regular positions along one dimension: `count` of them from `start`, `step` apart. */
export interface Regular {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  readonly drop: boolean;
}

/** Positions from a list or from an int32 array on the device. */
export type Positions = Int32Array | KnetArray;

/** A selection taken apart: what a strided view can do, and what has to be gathered. */
export interface ParsedSelection {
  readonly regular: readonly Regular[];
  readonly lists: readonly (Positions | undefined)[];
}

/**
 * Reads the selectors of an index.
 * @throws RangeError for a position outside of the shape, or more selectors than dimensions
 */
export function parseSelection(shape: Shape, selectors: readonly Selector[], caller: string): ParsedSelection {
  if (selectors.length > shape.length) {
    throw new RangeError(`${caller}: ${selectors.length} selectors for ${shape.length} dimensions of shape ${formatShape(shape)}`);
  }
  const regular: Regular[] = [];
  const lists: (Positions | undefined)[] = [];
  shape.forEach((n, d) => {
    const selector = selectors[d] ?? ':';
    const whole: Regular = { start: 0, step: 1, count: n, drop: false };
    const parsed =
      typeof selector === 'number' || selector === ':' || selector instanceof Span ? regularOf(selector, n, shape, caller) : undefined;
    regular.push(parsed ?? whole);
    lists.push(parsed !== undefined ? undefined : listOf(selector as readonly number[] | Int32Array | KnetArray, n, shape, caller));
  });
  return { regular, lists };
}

function regularOf(selector: number | ':' | Span, n: number, shape: Shape, caller: string): Regular {
  if (selector === ':') return { start: 0, step: 1, count: n, drop: false };
  if (typeof selector === 'number') return { start: position(selector, n, shape, caller), step: 1, count: 1, drop: true };
  const { step } = selector;
  const clip = (i: number): number => Math.min(Math.max(i < 0 ? i + n : i, step > 0 ? 0 : -1), step > 0 ? n : n - 1);
  const start = clip(selector.start);
  const end = selector.end === undefined ? (step > 0 ? n : -1) : clip(selector.end);
  if (Math.abs(selector.start) > n || (selector.end !== undefined && Math.abs(selector.end) > n)) {
    throw new RangeError(
      `${caller}: span(${selector.start}, ${selector.end}) is out of range for length ${n} of shape ${formatShape(shape)}`,
    );
  }
  return { start, step, count: Math.max(0, Math.ceil((end - start) / step)), drop: false };
}

function listOf(selector: readonly (number | boolean)[] | Int32Array | KnetArray, n: number, shape: Shape, caller: string): Positions {
  if (selector instanceof KnetArray) {
    if (selector.ndim !== 1) throw new RangeError(`${caller}: an index array must be a vector, not shape ${formatShape(selector.shape)}`);
    if (selector.dtype === 'bool') return maskOf(Array.from(readSync(selector), Boolean), n, shape, caller);
    if (selector.dtype !== 'int32') throw new TypeError(`${caller}: an index array must be int32 or bool, not ${selector.dtype}`);
    return selector;
  }
  if (selector.length > 0 && typeof selector[0] === 'boolean') return maskOf(Array.from(selector, Boolean), n, shape, caller);
  return Int32Array.from(selector as ArrayLike<number>, i => position(i, n, shape, caller));
}

function maskOf(mask: readonly boolean[], n: number, shape: Shape, caller: string): Int32Array {
  if (mask.length !== n) throw new RangeError(`${caller}: a mask of ${mask.length} entries for length ${n} of shape ${formatShape(shape)}`);
  return Int32Array.from(mask.flatMap((on, i) => (on ? [i] : [])));
}

function position(i: number, n: number, shape: Shape, caller: string): number {
  const p = i < 0 ? i + n : i;
  if (!Number.isInteger(p) || p < 0 || p >= n)
    throw new RangeError(`${caller}: index ${i} is out of range for length ${n} of shape ${formatShape(shape)}`);
  return p;
}
