/** Joining and rearranging: cat, hcat, vcat, stack, split, repeat, flip, pad. */
import { type Primitive, primitive, temporaries, where } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { type DType, promote } from '../core/dtype.js';
import { computeInto, materialize, viewOf } from '../core/lazy.js';
import { formatShape, normalizeDim, type Shape, sameShape } from '../core/shape.js';
import { copyProgram } from '../program.js';
import { astype } from './cast.js';
import { array, full } from './create.js';
import { differentDevices } from './elementwise.js';
import { expand, expandNumber } from './expand.js';
import { gather, positionsOf } from './gather.js';
import { reshape } from './shape.js';
import { embed, slice, span } from './slice.js';

interface CatOptions {
  readonly dim: number;
  /** Where each array begins along `dim`. */
  readonly starts: readonly number[];
}

const catArrays: Primitive<(...args: (KnetArray | CatOptions)[]) => KnetArray> = /* @__PURE__ */ primitive('cat', {
  methods: [[[KnetArray], (...args: (DeviceArray | CatOptions)[]) => runCat(args)]],
  derivative: context => {
    const { index } = context;
    const dim = context.options.dim as number;
    const start = (context.options.starts as readonly number[])[index]!;
    const shape = context.describe(index) as Shape;
    const selectors = shape.map((n, d) => (d === dim ? span(start, start + n) : (':' as const)));
    return dy => slice(dy, ...selectors);
  },
});

/**
 * Joins arrays along a dimension; the others must be equal. Numbers count as arrays of one element.
 * @throws RangeError when shapes do not fit
 *
 * @example
 * cat([a, b], 1); // columns of a, then columns of b
 */
export function cat(arrays: readonly (KnetArray | number)[], dim = 0): KnetArray {
  return temporaries(() => joined(arrays, dim));
}

function joined(arrays: readonly (KnetArray | number)[], dim: number): KnetArray {
  const like = arrays.find((x): x is KnetArray => x instanceof KnetArray);
  if (like === undefined)
    return arrays.length === 0 ? array([]) : reshape(array(arrays as number[]), [...new Array<number>(dim).fill(1), arrays.length]);
  const rank = Math.max(dim + 1, ...arrays.map(x => (x instanceof KnetArray ? x.ndim : 1)));
  const d = normalizeDim(dim, rank, 'cat');
  const dtype = arrays.reduce<DType>((t, x) => (x instanceof KnetArray ? promote(t, x.dtype) : t), 'bool');
  const parts = arrays.map(x => {
    const a = x instanceof KnetArray ? astype(x, dtype) : expandNumber(x, { shape: [1], dtype, device: like.device });
    if (a.device !== like.device) throw differentDevices('cat', like, a);
    return a.ndim === rank ? a : reshape(a, [...a.shape, ...new Array<number>(rank - a.ndim).fill(1)]);
  });
  const first = parts[0]!;
  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    if (part.shape.some((n, i) => i !== d && n !== first.shape[i])) {
      throw new RangeError(`cat: shapes ${formatShape(first.shape)} and ${formatShape(part.shape)} differ outside of dimension ${d}`);
    }
    starts.push(length);
    length += part.shape[d]!;
  }
  return parts.length === 1 ? first : catArrays(...parts, { dim: d, starts });
}

/**
 * Joins side by side, along dimension 1: vectors and numbers become columns.
 * @throws RangeError when the other dimensions differ
 *
 * @example
 * hcat(input, hidden); // [batch, a] and [batch, b] give [batch, a + b]
 */
export function hcat(...arrays: (KnetArray | number)[]): KnetArray {
  return cat(
    arrays.map(x => (x instanceof KnetArray && x.ndim < 2 ? reshape(x, [x.size, 1]) : x)),
    1,
  );
}

/**
 * Joins one below the other, along dimension 0: vectors and numbers give a longer vector.
 * @throws RangeError when the other dimensions differ
 */
export function vcat(...arrays: (KnetArray | number)[]): KnetArray {
  return cat(
    arrays.map(x => (x instanceof KnetArray && x.ndim === 0 ? reshape(x, [1]) : x)),
    0,
  );
}

/**
 * Joins arrays of one shape along a new last dimension, or a new one at `dim`.
 * @throws RangeError for no arrays, or shapes that differ
 *
 * @example
 * stack([a, b, c]); // three [2, 4] give [2, 4, 3]
 */
export function stack(arrays: readonly KnetArray[], dim = arrays[0]?.ndim ?? 0): KnetArray {
  const first = arrays[0];
  if (first === undefined) throw new RangeError('stack: expected at least one array');
  const at = normalizeDim(dim, first.ndim + 1, 'stack');
  return cat(
    arrays.map(x => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
    at,
  );
}

/**
 * Equal parts along a dimension, or parts of the given lengths.
 * @throws RangeError when the lengths do not add up, or the parts would not be equal
 *
 * @example
 * split(x, 4, 1);      // four parts of [batch, 4 * n]
 * split(x, [1, 3], 0); // the first row and three others
 */
export function split(x: KnetArray, parts: number | readonly number[], dim = 0): KnetArray[] {
  const d = normalizeDim(dim, x.ndim, 'split');
  const n = x.shape[d]!;
  const lengths = typeof parts === 'number' ? new Array<number>(parts).fill(n / parts) : parts;
  if (lengths.reduce((a, b) => a + b, 0) !== n || lengths.some(l => !Number.isInteger(l) || l < 0)) {
    throw new RangeError(
      `split: dimension ${d} of shape ${formatShape(x.shape)} cannot be split into ${typeof parts === 'number' ? parts : `[${parts.join(', ')}]`}`,
    );
  }
  let start = 0;
  return lengths.map(length => {
    start += length;
    return slice(x, ...x.shape.map((_, i) => (i === d ? span(start - length, start) : (':' as const))));
  });
}

/**
 * The array repeated `counts[d]` times along each dimension, as a whole.
 *
 * @example
 * repeat(array([1, 2]), 2); // 1, 2, 1, 2
 */
export function repeat(x: KnetArray, ...counts: number[]): KnetArray {
  const rank = Math.max(x.ndim, counts.length);
  const shape = Array.from({ length: rank }, (_, d) => x.shape[d] ?? 1);
  const paired = shape.flatMap(n => [n, 1]);
  const repeated = shape.flatMap((n, d) => [n, counts[d] ?? 1]);
  return reshape(
    expand(reshape(x, paired), repeated),
    shape.map((n, d) => n * (counts[d] ?? 1)),
  );
}

/** The array with the order along a dimension (default the first) reversed. */
export function flip(x: KnetArray, dim = 0): KnetArray {
  const d = normalizeDim(dim, x.ndim, 'flip');
  const n = x.shape[d]!;
  return gather(
    x,
    positionsOf(
      Int32Array.from({ length: n }, (_, i) => n - 1 - i),
      x,
    ),
    d,
  );
}

/**
 * The array with `[before, after]` elements of one value (default 0) added along each dimension; missing pairs add nothing.
 * @throws RangeError for more pairs than dimensions, or a negative width
 *
 * @example
 * pad(x, [[1, 1], [2, 0]]); // [3, 4] becomes [5, 6]
 */
export function pad(x: KnetArray, widths: readonly (readonly [before: number, after: number])[], value = 0): KnetArray {
  const regular = x.shape.map((n, d) => ({ start: widths[d]?.[0] ?? 0, step: 1, count: n, drop: false }));
  const shape = x.shape.map((n, d) => n + (widths[d]?.[0] ?? 0) + (widths[d]?.[1] ?? 0));
  if (widths.length > x.ndim || widths.some(([a, b]) => a < 0 || b < 0)) {
    throw new RangeError(`pad: expected at most ${x.ndim} pairs of widths of 0 or more for shape ${formatShape(x.shape)}`);
  }
  if (value === 0) return embed(x, { shape, regular });
  return temporaries(() => {
    const inside = embed(full(x.shape, 1, { dtype: x.dtype, device: x.device }), { shape, regular });
    return where(inside, embed(x, { shape, regular }), value);
  });
}

function runCat(args: readonly (DeviceArray | CatOptions)[]): DeviceArray {
  const parts = args.filter((x): x is DeviceArray => x instanceof DeviceArray);
  const { dim, starts } = args.at(-1) as CatOptions;
  const { device, dtype, shape } = parts[0]!;
  const length = parts.reduce((n, x) => n + x.shape[dim]!, 0);
  // What somebody holds is computed for itself; other pending parts are computed in their places.
  for (const x of parts) if (x.holds > 0) materialize(x);
  const result = DeviceArray.empty(
    device,
    dtype,
    shape.map((n, d) => (d === dim ? length : n)),
  );
  const output = result.view();
  const places = parts.map((x, i) => ({ ...output, shape: x.shape, offset: starts[i]! * output.strides[dim]! }));
  for (let i = 0; i < parts.length; ) {
    // Neighbours of one shape that wait for elementwise work are computed by one program.
    let end = i + 1;
    const together = (x: DeviceArray): boolean => x.pending !== undefined && sameShape(x.shape, parts[i]!.shape);
    if (together(parts[i]!)) while (end < parts.length && together(parts[end]!)) end++;
    const group = parts.slice(i, end);
    if (group.length > 1 || together(group[0]!)) computeInto(group, places.slice(i, end));
    else if (group[0]!.size > 0) device.backend.map(copyProgram(dtype), [viewOf(group[0]!)], [], [places[i]!]);
    i = end;
  }
  return result;
}
