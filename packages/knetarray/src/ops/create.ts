/** Making arrays. */
import { isBox, isValue } from '@knet/autograd';
import { KnetArray } from '../array.js';
import { type Device, getDevice } from '../core/device.js';
import { DeviceArray } from '../core/device-array.js';
import { checkDType, type DType, dtypeOf, isFloat, type TypedArray, typedArray } from '../core/dtype.js';
import { asDType, copyArray } from '../core/lazy.js';
import { checkShape, type Shape } from '../core/shape.js';
import { expandNumber } from './expand.js';
import { stack } from './join.js';
import { flatten, type NestedNumbers, plain } from './read.js';
import { reshape } from './shape.js';
import { convert, supported, upload } from './upload.js';

/** Where and of what type a new array is. */
export interface ArrayOptions {
  /** Element type; default float32, or the type of the given data. */
  dtype?: DType;
  /** A device or its name; default the current one. */
  device?: Device | string;
}

/** What {@link array} takes: nested rows of numbers, or a typed array. */
export type ArrayData = NestedNumbers | TypedArray | ArrayLike<number>;

/**
 * An array of the given elements. Nested arrays are read as rows; a typed array with `shape` as column-major elements.
 * Numbers that are being differentiated keep their gradient.
 *
 * @throws RangeError when rows differ in length or the shape does not fit the number of elements
 *
 * @example
 * array([[1, 3, 5], [2, 4, 6]]);                              // 2×3
 * array(new Float32Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3] }); // the same
 */
export function array(data: ArrayData | KnetArray, options: ArrayOptions & { shape?: Shape } = {}): KnetArray {
  if (data instanceof KnetArray) {
    const a = options.device === undefined ? data : data.to(options.device);
    const b = options.dtype === undefined ? a : a.astype(options.dtype);
    return options.shape === undefined ? b : b.reshape(...options.shape);
  }
  const device = getDevice(options.device);
  if (isTypedArray(data)) {
    const dtype = checkDType(options.dtype ?? dtypeOf(data), 'array');
    const shape = checkShape(options.shape ?? [data.length], 'array');
    return upload(device, dtype, shape, data);
  }
  const { shape, leaves } = flatten(data as NestedNumbers, 'array');
  const dtype = checkDType(options.dtype ?? (typeof leaves[0] === 'boolean' ? 'bool' : 'float32'), 'array');
  const result = leaves.some(x => isBox(x))
    ? fromBoxes(leaves, shape, dtype, device)
    : upload(device, dtype, shape, numbers(leaves, dtype));
  return options.shape === undefined ? result : reshape(result, options.shape);
}

/**
 * An array of zeros. It takes memory when it is first needed as an array.
 * @throws RangeError for lengths that are not whole numbers of 0 or more; TypeError for a dtype that the device lacks
 *
 * @example
 * zeros([10, 1]); zeros([3], { dtype: 'int32' });
 */
export const zeros = (shape: Shape, options?: ArrayOptions): KnetArray => full(shape, 0, options);

/** An array of ones; errors as {@link zeros}. */
export const ones = (shape: Shape, options?: ArrayOptions): KnetArray => full(shape, 1, options);

/**
 * An array that repeats one number, rounded to its dtype; errors as {@link zeros}.
 *
 * @example
 * full([2, 3], 0.5);
 */
export function full(shape: Shape, value: number, { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  const d = supported(getDevice(device), checkDType(dtype, 'full'), 'full');
  return DeviceArray.constant(d, dtype, [...checkShape(shape, 'full')], asDType(value, dtype));
}

/** Identity matrix `[n, n]`. */
export function eye(n: number, { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  const data = typedArray(dtype, n * n);
  for (let i = 0; i < n; i++) data[i * (n + 1)] = 1;
  return array(data, { shape: [n, n], dtype, device });
}

/**
 * `count` evenly spaced numbers from `start` to `end`, both included: a vector.
 *
 * @example
 * linspace(0, 1, 5); // 0, 0.25, 0.5, 0.75, 1
 */
export function linspace(start: number, end: number, count: number, { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  const data = typedArray(dtype, count);
  for (let i = 0; i < count; i++) data[i] = i === count - 1 && count > 1 ? end : start + ((end - start) * i) / Math.max(count - 1, 1);
  return array(data, { dtype, device });
}

/**
 * Numbers from `start` up to but without `end`, `step` apart: a vector. With one argument from 0: `arange(3)` is 0, 1, 2.
 * @throws RangeError for a step of 0
 *
 * @example
 * arange(5, 0, -2); // 5, 3, 1
 */
export function arange(start: number, end?: number, step = 1, { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  if (step === 0) throw new RangeError('arange: step must not be 0');
  const data = typedArray(dtype, Math.max(0, Math.ceil((to - from) / step)));
  for (let i = 0; i < data.length; i++) data[i] = from + i * step;
  return array(data, { dtype, device });
}

/** Zeros of the same dtype and device, and of the same shape unless another one is given. */
export function similar(a: KnetArray, shape: Shape = a.shape): KnetArray {
  return DeviceArray.constant(a.device, a.dtype, [...shape], 0);
}

/** A copy that shares no memory with the array, as writes in place need it; keeps the gradient. */
export function copy(a: KnetArray): KnetArray {
  return isBox(a) ? a.add(0) : copyArray(plain(a, 'copy'));
}

/** Whether data is one of the typed arrays that hold elements. */
function isTypedArray(data: unknown): data is TypedArray {
  return data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array || data instanceof Uint8Array;
}

function numbers(leaves: readonly unknown[], dtype: DType): TypedArray {
  const list = leaves.map(x => {
    if (typeof x === 'number' || typeof x === 'boolean') return Number(x);
    throw new TypeError(
      `array: elements must be numbers, not ${x === null ? 'null' : typeof x}${isValue(x) ? ' (use stack for arrays)' : ''}`,
    );
  });
  return convert(list, dtype);
}

function fromBoxes(leaves: readonly unknown[], shape: Shape, dtype: DType, device: Device): KnetArray {
  const elements = leaves.map(x => (x instanceof KnetArray ? x : expandNumber(x as number, { shape: [], dtype, device })));
  if (isFloat(dtype)) return reshape(stack(elements), shape);
  throw new TypeError(`array: numbers that are being differentiated need a float dtype, not ${dtype}`);
}
