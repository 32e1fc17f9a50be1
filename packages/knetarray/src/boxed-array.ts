/** The box that stands for an array while it is being differentiated. */
import { type Box, boxEntry, type Entry, type LeafType, leafType } from '@knet/autograd';
import type { KnetArray } from './array.js';
import type { Device } from './core/device.js';
import type { DType } from './core/dtype.js';
import type { Shape } from './core/shape.js';
import { arrayLeaf } from './leaf.js';
import { ArrayWithMethods } from './methods.js';

/** An array that is being differentiated: it has the shape, dtype and methods of the array it boxes, and records what is done with it. */
export class BoxedArray extends ArrayWithMethods implements Box {
  readonly [boxEntry]: Entry;
  readonly #boxed: KnetArray;

  constructor(boxed: KnetArray, entry: Entry) {
    super();
    this.#boxed = boxed;
    this[boxEntry] = entry;
  }

  get [leafType](): LeafType {
    return arrayLeaf;
  }
  get shape(): Shape {
    return this.#boxed.shape;
  }
  get dtype(): DType {
    return this.#boxed.dtype;
  }
  get device(): Device {
    return this.#boxed.device;
  }
  get strides(): readonly number[] {
    return this.#boxed.strides;
  }
}
