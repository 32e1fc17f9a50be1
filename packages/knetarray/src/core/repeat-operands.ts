/** What noted kernels read from outside of their computation. See `repeat.ts`. */
import type { Operand } from '@knet/autograd/repeat';
import type { Storage } from '../backend.js';
import type { Device } from './device.js';
import { DeviceArray } from './device-array.js';
import { type DType, type TypedArray, typedArray } from './dtype.js';
import { type Shape, sameShape } from './shape.js';

/** Where elements are in this run: those of an operand, or of a storage that the computation takes for itself. */
export class Place {
  storage: Storage | undefined = undefined;
  offset = 0;

  constructor(
    readonly dtype: DType,
    /** Elements, of a storage that is taken. */
    readonly length: number,
  ) {}
}

/** An argument from outside, with its place. */
export interface PlacedOperand extends Operand {
  readonly place: Place;
  /** Forgets what it was bound to. */
  release(): void;
}

/** An array: its shape is noted, its elements are those that it is bound to. */
export class ArrayOperand implements PlacedOperand {
  readonly place: Place;
  #bound: unknown = undefined;
  readonly #device: Device;
  readonly #shape: Shape;
  readonly #strides: readonly number[];

  constructor(x: DeviceArray) {
    this.place = new Place(x.dtype, x.size);
    this.#device = x.device;
    this.#shape = x.shape;
    this.#strides = x.strides;
  }

  bind(x: unknown): boolean {
    // An array that stood in several places has to do so again.
    if (this.#bound !== undefined) return x === this.#bound;
    if (!(x instanceof DeviceArray)) return false;
    const { place } = this;
    const { buffer } = x;
    if (buffer === undefined || x.released || x.device !== this.#device || x.dtype !== place.dtype) return false;
    if (!sameShape(x.shape, this.#shape) || !sameShape(x.strides, this.#strides)) return false;
    place.storage = buffer.storage;
    place.offset = x.offset;
    this.#bound = x;
    return true;
  }

  release(): void {
    this.#bound = this.place.storage = undefined;
  }
}

/** A number that is differentiated, in an array of one element. */
export class NumberOperand implements PlacedOperand {
  readonly place: Place;
  readonly array: DeviceArray;
  readonly #element: TypedArray;

  constructor(device: Device, dtype: DType, x: number) {
    this.place = new Place(dtype, 1);
    this.array = DeviceArray.empty(device, dtype, []);
    this.#element = typedArray(dtype, 1);
    this.bind(x);
  }

  bind(x: unknown): boolean {
    if (typeof x !== 'number') return false;
    const { storage } = this.array.requireBuffer();
    this.place.storage = storage;
    this.#element[0] = x;
    this.array.device.backend.write(storage, 0, this.#element);
    return true;
  }

  release(): void {}
}
