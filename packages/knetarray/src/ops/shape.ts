/** Shape functions: reshape, vec, mat, permute, transpose. Views where the elements allow it. */
import { type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { contiguous, materialize } from '../core/lazy.js';
import { checkShape, formatShape, normalizeDim, type Shape, sameShape, sizeOf } from '../core/shape.js';

const reshapeArray: Primitive<(x: KnetArray, options: { shape: Shape }) => KnetArray> = /* @__PURE__ */ primitive('reshape', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, { shape }: { shape: Shape }) => reshapeView(x, shape)]],
  derivatives: [
    context => {
      const shape = context.describe(0) as Shape;
      return dy => reshape(dy, shape);
    },
  ],
});

/**
 * The same elements in another shape; one length may be -1. A view when the elements lie in one run.
 * @throws RangeError when the number of elements differs
 *
 * @example
 * reshape(a, [28, 28, 1, -1])
 */
export function reshape(x: KnetArray, shape: Shape): KnetArray {
  const wanted = complete(shape, x.size, x.shape);
  return sameShape(wanted, x.shape) ? x : reshapeArray(x, { shape: wanted });
}

/** All elements as a vector. */
export function vec(x: KnetArray): KnetArray {
  return reshape(x, [x.size]);
}

/** As a matrix `[product of all but the last, last]`; a vector becomes a column. */
export function mat(x: KnetArray): KnetArray {
  if (x.ndim === 2) return x;
  if (x.ndim < 2) return reshape(x, [x.size, 1]);
  const last = x.shape.at(-1)!;
  return reshape(x, [last === 0 ? sizeOf(x.shape.slice(0, -1)) : x.size / last, last]);
}

const permuteArray: Primitive<(x: KnetArray, options: { order: readonly number[] }) => KnetArray> = /* @__PURE__ */ primitive('permute', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, { order }: { order: readonly number[] }) => permuteView(x, order)]],
  derivatives: [
    ({ options }) => {
      const order = options.order as readonly number[];
      const inverse = order.map((_, d) => order.indexOf(d));
      return dy => permuteArray(dy, { order: inverse });
    },
  ],
});

/**
 * Reorders dimensions: dimension d of the result is dimension `order[d]` of the array. A view.
 * @throws RangeError unless `order` names every dimension once
 */
export function permute(x: KnetArray, order: readonly number[]): KnetArray {
  const dims = order.map(d => normalizeDim(d, x.ndim, 'permute'));
  if (dims.length !== x.ndim || new Set(dims).size !== x.ndim) {
    throw new RangeError(
      `permute: order [${order.join(', ')}] must name each of the ${x.ndim} dimensions of shape ${formatShape(x.shape)} once`,
    );
  }
  return dims.every((d, i) => d === i) ? x : permuteArray(x, { order: dims });
}

/** Transposed matrix; a vector becomes a row. A view. */
export function transpose(x: KnetArray): KnetArray {
  if (x.ndim < 2) return reshape(x, [1, x.size]);
  if (x.ndim > 2) throw new RangeError(`transpose: expected a matrix, not shape ${formatShape(x.shape)}; use permute`);
  return permuteArray(x, { order: swap });
}

/** Short name of {@link transpose}. */
export const t: typeof transpose = transpose;

const swap: readonly number[] = [1, 0];

function reshapeView(x: DeviceArray, shape: Shape): DeviceArray {
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(x.device, x.dtype, shape, constant);
  const source = contiguous(x);
  const result = source.alias(shape);
  if (source !== x) source.free();
  return result;
}

function permuteView(x: DeviceArray, order: readonly number[]): DeviceArray {
  const shape = order.map(d => x.shape[d]!);
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(x.device, x.dtype, shape, constant);
  materialize(x);
  return x.alias(
    shape,
    x.offset,
    order.map(d => x.strides[d]!),
  );
}

function complete(shape: Shape, size: number, from: Shape): Shape {
  const open = shape.indexOf(-1);
  if (open < 0) {
    if (sizeOf(checkShape(shape, 'reshape')) !== size) throw mismatch(shape, size, from);
    return [...shape];
  }
  const rest = sizeOf(shape.filter((_, i) => i !== open));
  const missing = rest === 0 ? 0 : size / rest;
  if (shape.lastIndexOf(-1) !== open || !Number.isInteger(missing) || rest < 0) throw mismatch(shape, size, from);
  return shape.map((n, i) => (i === open ? missing : n));
}

function mismatch(shape: Shape, size: number, from: Shape): RangeError {
  return new RangeError(
    `reshape: shape ${formatShape(shape)} does not fit the ${size} elements of shape ${formatShape(from)} (at most one length may be -1)`,
  );
}
