/** Reductions over all or some dimensions; reduced dimensions keep length 1, a reduction over everything gives a 0-d array. */
import { abs, abs2, eq, isBox, mul, ne, type Primitive, primitive, value } from '@knet/autograd';
import { KnetArray } from '../array.js';
import type { ReduceOp } from '../backend.js';
import { DeviceArray } from '../core/device-array.js';
import { type DType, isFloat } from '../core/dtype.js';
import { deferReduction } from '../core/lazy.js';
import { formatShape, normalizeDim, normalizeDims, type Shape, sameShape, sizeOf } from '../core/shape.js';
import { astype } from './cast.js';
import { expand } from './expand.js';
import { reshape } from './shape.js';
import { slice, span } from './slice.js';

/** Which dimensions to reduce; all when omitted. Negative ones count from the end. */
export interface DimsOptions {
  dims?: number | readonly number[];
}

/** A reduction: over everything, with a 0-d result, or over some dimensions, which keep length 1. */
export type Reduction = (x: KnetArray, options?: DimsOptions) => KnetArray;

/**
 * Sum of everything (0-d) or over `dims`, which keep length 1; 0 for no elements. Truth values and bytes are summed as int32. The error
 * does not grow with the number of elements.
 * @throws RangeError for a dimension that is not there
 *
 * @example
 * sum(array([[1, 3], [2, 4]]), { dims: 0 }); // [[3, 7]]
 */
export const sum: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('sum', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: DimsOptions) => reduce('sum', x, options, 0)]],
  derivatives: [
    context => {
      const shape = context.describe(0) as Shape;
      return dy => expand(dy, shape);
    },
  ],
});

/** Largest element; for no elements -Infinity, or the lowest number of an integer type. Every element that equals it receives the whole gradient. */
export const maximum: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('maximum', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: DimsOptions) => reduce('max', x, options, lowest(x.dtype))]],
  derivatives: [extreme],
});

/** Smallest element; for no elements Infinity, or the highest number of an integer type. Every element that equals it receives the whole gradient. */
export const minimum: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('minimum', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: DimsOptions) => reduce('min', x, options, highest(x.dtype))]],
  derivatives: [extreme],
});

function extreme({ args, y }: { args: Parameters<Reduction>; y: KnetArray }): (dy: KnetArray) => KnetArray {
  const x = args[0];
  return dy => mul(eq(x, y), dy);
}

function lowest(dtype: DType): number {
  if (isFloat(dtype)) return Number.NEGATIVE_INFINITY;
  return dtype === 'int32' ? -(2 ** 31) : 0;
}

function highest(dtype: DType): number {
  if (isFloat(dtype)) return Number.POSITIVE_INFINITY;
  return dtype === 'int32' ? 2 ** 31 - 1 : dtype === 'uint8' ? 255 : 1;
}

const plainProd: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('prod', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: DimsOptions) => reduce('prod', x, options, 1)]],
});

/**
 * Product; 1 for no elements. The derivative is right where elements are 0: while it is being differentiated the product is
 * formed pairwise from halves, and no division is needed.
 */
export function prod(x: KnetArray, options: DimsOptions = {}): KnetArray {
  if (!isBox(x)) return plainProd(x, options);
  const dims = normalizeDims(options.dims, x.ndim, 'prod');
  let y: KnetArray = x;
  // What is left of odd lengths.
  let rest: KnetArray | undefined;
  for (const dim of dims) {
    while (y.shape[dim]! > 1) {
      const n = y.shape[dim]!;
      const half = n >> 1;
      const part = (from: number, to: number): KnetArray => slice(y, ...y.shape.map((_, d) => (d === dim ? span(from, to) : ':')));
      if (n % 2 === 1) rest = rest === undefined ? part(n - 1, n) : mul(rest, part(n - 1, n));
      y = mul(part(0, half), part(half, 2 * half));
    }
    if (rest !== undefined) y = mul(y, rest);
    rest = undefined;
  }
  if (sizeOf(y.shape) === 0) return plainProd(value(x), options);
  return options.dims === undefined ? reshape(y, []) : y;
}

/** Sum of absolute values, over everything or over `dims`: the 1-norm. */
export const sumabs: Reduction = (x, options) => sum(abs(x), options);
/** Sum of squares, over everything or over `dims`: the square of the 2-norm. */
export const sumabs2: Reduction = (x, options) => sum(abs2(x), options);
/** Largest absolute value; its gradient carries the sign of the element. */
export const maxabs: Reduction = (x, options) => maximum(abs(x), options);
/** Smallest absolute value; its gradient carries the sign of the element. */
export const minabs: Reduction = (x, options) => minimum(abs(x), options);
/** Number of elements that are not 0, over everything or over `dims`. The derivative is 0. */
export const countnz: Reduction = (x, options) => sum(ne(x, 0), options);
/** 1 where any element is not 0, over everything or over `dims`; 0 for no elements. */
export const any: Reduction = (x, options) => (x.size === 0 ? vacuous(x, options, 0) : maximum(ne(x, 0), options));
/** 1 where every element is not 0, over everything or over `dims`; also for no elements. */
export const all: Reduction = (x, options) => (x.size === 0 ? vacuous(x, options, 1) : minimum(ne(x, 0), options));

/** The truth value of no elements, in the shape that the reduction has. */
function vacuous(x: KnetArray, options: DimsOptions | undefined, value: number): KnetArray {
  const dims = normalizeDims(options?.dims, x.ndim, value === 0 ? 'any' : 'all');
  const shape = options?.dims === undefined ? [] : x.shape.map((n, d) => (dims.includes(d) ? 1 : n));
  return DeviceArray.constant(x.device, x.dtype, shape, value);
}

/** Position of the first largest element along one dimension, int32; over a whole array its column-major position. */
export const argmax: Primitive<(x: KnetArray, options?: { dims?: number }) => KnetArray> = /* @__PURE__ */ primitive('argmax', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: { dims?: number }) => position('argmax', x, options)]],
  zeroDerivative: true,
});

/** Position of the first smallest element along one dimension, int32; over a whole array its column-major position. */
export const argmin: Primitive<(x: KnetArray, options?: { dims?: number }) => KnetArray> = /* @__PURE__ */ primitive('argmin', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, options?: { dims?: number }) => position('argmin', x, options)]],
  zeroDerivative: true,
});

/** Sums a gradient over what broadcasting repeated, down to a shape. */
export function sumTo(x: KnetArray, shape: Shape): KnetArray {
  if (sameShape(x.shape, shape)) return x;
  if (shape.length === 0) return sum(x);
  const dims: number[] = [];
  for (let d = 0; d < x.ndim; d++) if (x.shape[d] !== 1 && (shape[d] ?? 1) === 1) dims.push(d);
  const reduced = dims.length > 0 ? sum(x, { dims }) : x;
  return sameShape(reduced.shape, shape) ? reduced : reshape(reduced, shape);
}

/** Number of elements that a reduction combines into one. */
export function reducedCount(x: KnetArray, options: DimsOptions | undefined, caller: string): number {
  return normalizeDims(options?.dims, x.ndim, caller).reduce((n, d) => n * x.shape[d]!, 1);
}

function reduce(op: ReduceOp, x: DeviceArray, options: DimsOptions | undefined, empty: number): DeviceArray {
  const { device, shape, dtype } = x;
  const everything = options?.dims === undefined;
  const dims = normalizeDims(options?.dims, shape.length, op);
  const kept = shape.map((n, d) => (dims.includes(d) ? 1 : n));
  const resultShape = everything ? [] : kept;
  // Sums of truth values and bytes count: they are int32.
  if ((op === 'sum' || op === 'prod') && (dtype === 'bool' || dtype === 'uint8'))
    return reduce(op, devicePart(astype(x, 'int32')), options, empty);
  const constant = x.constantValue;
  const count = dims.reduce((n, d) => n * shape[d]!, 1);
  if (count === 0 || sizeOf(kept) === 0) return DeviceArray.constant(device, dtype, resultShape, empty);
  if (constant !== undefined && op !== 'prod')
    return DeviceArray.constant(device, dtype, resultShape, op === 'sum' ? round(constant * count, dtype) : constant);
  if (dims.every(d => shape[d] === 1)) return devicePart(reshape(x, resultShape));
  return deferReduction(op, x, kept, resultShape, dtype);
}

function position(op: 'argmax' | 'argmin', x: DeviceArray, options: { dims?: number } | undefined): DeviceArray {
  if (x.size === 0)
    throw new RangeError(`${op}: an array of shape ${formatShape(x.shape)} has no ${op === 'argmax' ? 'largest' : 'smallest'} element`);
  if (options?.dims === undefined) {
    const flat = devicePart(reshape(x, [x.size]));
    return deferReduction(op, flat, [1], [], 'int32');
  }
  const dim = normalizeDim(options.dims, x.ndim, op);
  const kept = x.shape.map((n, d) => (d === dim ? 1 : n));
  return deferReduction(op, x, kept, kept, 'int32');
}

function devicePart(x: KnetArray): DeviceArray {
  if (x instanceof DeviceArray) return x;
  throw new TypeError('reduce: expected an array with data');
}

const round = (x: number, dtype: DType): number => (dtype === 'float32' ? Math.fround(x) : x);
