/** Linear algebra: matmul, bmm, dot, outer, axpy. */
import { add, mul, type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { DeviceArray } from '../core/device-array.js';
import { promote } from '../core/dtype.js';
import { deferProduct, viewOf } from '../core/lazy.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import { astype } from './cast.js';
import { differentDevices } from './elementwise.js';
import { sum } from './reduce.js';
import { permute, reshape, vec } from './shape.js';

const product: Primitive<(a: KnetArray, b: KnetArray) => KnetArray> = /* @__PURE__ */ primitive('matmul', {
  stateless: true,
  methods: [[[KnetArray, KnetArray], run]],
  derivatives: [
    context => {
      const b = context.arg(1);
      return dy => gradientProduct(dy, adjoint(b));
    },
    context => {
      const a = context.arg(0);
      return dy => gradientProduct(adjoint(a), dy);
    },
  ],
});

let wait = false;

/**
 * The product of two matrices as a gradient, for derivative rules: it is computed when it is needed, and where a gradient that it
 * is added to lies already.
 *
 * @example
 * dy => gradientProduct(dy, transpose(weight)); // the rule of matmul(x, weight) with respect to x
 */
export function gradientProduct(a: KnetArray, b: KnetArray): KnetArray {
  wait = true;
  try {
    return product(a, b);
  } finally {
    wait = false;
  }
}

/**
 * Matrix product of `[m, k]` and `[k, n]`. A vector counts as a row on the left and as a column on the right, and the
 * dimension it lacks is missing in the result too. Transposed operands are read in place.
 *
 * @throws RangeError when the inner lengths differ, or for more than two dimensions (use {@link bmm})
 *
 * @example
 * matmul(w, x);      // [10, 784] and [784, 100] give [10, 100]
 * matmul(w, v);      // [10, 784] and [784] give [10]
 * matmul(x, t(x));   // the transposed matrix is not copied
 */
export function matmul(a: KnetArray, b: KnetArray): KnetArray {
  if (a.ndim > 2 || b.ndim > 2 || a.ndim === 0 || b.ndim === 0) throw misfit('matmul', a, b, 'use bmm for batches, mul for numbers');
  const left = a.ndim === 1 ? reshape(a, [1, a.size]) : a;
  const right = b.ndim === 1 ? reshape(b, [b.size, 1]) : b;
  if (left.shape[1] !== right.shape[0]) throw misfit('matmul', a, b, 'the inner lengths differ');
  const y = multiply(left, right, 'matmul');
  if (a.ndim === 2 && b.ndim === 2) return y;
  return reshape(y, [...(a.ndim === 2 ? [a.shape[0]!] : []), ...(b.ndim === 2 ? [b.shape[1]!] : [])]);
}

/**
 * Matrix products of batches: `[m, k, ...batch]` and `[k, n, ...batch]` give `[m, n, ...batch]`.
 * @throws RangeError when inner lengths or batches differ
 */
export function bmm(a: KnetArray, b: KnetArray): KnetArray {
  if (a.ndim < 2 || a.ndim !== b.ndim || !sameShape(a.shape.slice(2), b.shape.slice(2)))
    throw misfit('bmm', a, b, 'batch dimensions must be equal');
  if (a.shape[1] !== b.shape[0]) throw misfit('bmm', a, b, 'the inner lengths differ');
  return multiply(a, b, 'bmm');
}

/**
 * Sum of the products of the elements of two arrays of equal size: a 0-d array.
 * @throws RangeError when the sizes differ
 */
export function dot(a: KnetArray, b: KnetArray): KnetArray {
  if (a.size !== b.size) throw misfit('dot', a, b, 'the sizes differ');
  return sum(mul(vec(a), vec(b)));
}

/** Matrix `[m, n]` of all products a[i] * b[j] of m and n elements. */
export function outer(a: KnetArray, b: KnetArray): KnetArray {
  return mul(vec(a), reshape(b, [1, b.size]));
}

/** alpha * x + y, as a new array, broadcast. */
export function axpy(alpha: number, x: KnetArray, y: KnetArray): KnetArray {
  return add(mul(alpha, x), y);
}

function multiply(a: KnetArray, b: KnetArray, caller: string): KnetArray {
  if (a.device !== b.device) throw differentDevices(caller, a, b);
  const dtype = promote(a.dtype, b.dtype);
  const type = dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype;
  return product(astype(a, type), astype(b, type));
}

/** Swaps the matrix dimensions. */
function adjoint(x: KnetArray): KnetArray {
  if (x instanceof DeviceArray && x.pending === undefined && x.ndim === 2) {
    const { shape, strides, offset } = x;
    return x.alias([shape[1]!, shape[0]!], offset, [strides[1]!, strides[0]!]);
  }
  return permute(
    x,
    x.shape.map((_, d) => (d === 0 ? 1 : d === 1 ? 0 : d)),
  );
}

function run(a: DeviceArray, b: DeviceArray): DeviceArray {
  const shape: Shape = [a.shape[0]!, b.shape[1]!, ...a.shape.slice(2)];
  if (a.shape[1] === 0 || sizeOf(shape) === 0) return DeviceArray.constant(a.device, a.dtype, shape, 0);
  const left = viewOf(a);
  const right = viewOf(b);
  if (wait) return deferProduct(a, b, shape);
  const result = DeviceArray.empty(a.device, a.dtype, shape);
  a.device.backend.matmul(left, right, result.view(), 1, 0);
  return result;
}

function misfit(caller: string, a: KnetArray, b: KnetArray, reason: string): RangeError {
  return new RangeError(`${caller}: shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} do not fit: ${reason}`);
}
