/** KnetArray: the type that users see. An array with data is a `DeviceArray`; one that is being differentiated is a `BoxedArray`. */
import { type Leaf, type LeafType, leafType } from '@knet/autograd';
import type { Device } from './core/device.js';
import type { DType } from './core/dtype.js';
import { type Shape, sizeOf } from './core/shape.js';
import { indexGuard } from './index-guard.js';
import type { ArrayMethods } from './methods.js';

/**
 * An n-dimensional array on a device, column-major. Elements are read with `await a.data()`; everything else only enqueues
 * work. Inside a differentiated function an array may be a box: it has the same shape, dtype and methods.
 */
// The methods are added by ArrayWithMethods, the base of every array there is, so the merged interface is always true.
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see above.
export abstract class KnetArray implements Leaf {
  static {
    Object.setPrototypeOf(KnetArray.prototype, indexGuard);
  }

  /** Lengths of the dimensions; `[]` for a single element. */
  abstract readonly shape: Shape;
  /** Type of the elements. */
  abstract readonly dtype: DType;
  /** Where the elements are. */
  abstract readonly device: Device;
  /** Distance in memory between neighbours along each dimension, in elements. */
  abstract readonly strides: readonly number[];

  abstract get [leafType](): LeafType;

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Always throws: JavaScript's operators do not work on arrays. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new TypeError('Operators do not work on a KnetArray. Write a.add(b), a.sub(b), a.mul(b), a.div(b), gt(a, b); or await a.item().');
  }
}

/** The methods of arrays, each the generic function of its name with the array as first argument. */
export interface KnetArray extends ArrayMethods {}
