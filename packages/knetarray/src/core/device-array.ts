/** Arrays with data: elements in a buffer, or pending until something needs their bytes. */
import { boxEntry, type LeafType, leafType, type Resource, track } from '@knet/autograd';
import type { ReduceOp, Storage, View } from '../backend.js';
import { arrayLeaf } from '../leaf.js';
import { ArrayWithMethods } from '../methods.js';
import type { Buffer, Contents } from './buffer.js';
import type { Device } from './device.js';
import type { DType } from './dtype.js';
import { contiguousStrides, isContiguous, type Shape, sizeOf } from './shape.js';

/** Operand of a pending operation. */
export type Operand = DeviceArray | number;

/** Instead of an operation code: the array is one repeated number. */
const constantOp = -1;
/** Instead of an operation code: the array is a reduction of another one. */
export const reductionOp = -2;
/** Instead of an operation code: the array is the matrix product of two others. */
export const productOp = -3;

/** A reduction that waits. */
export interface Reduction {
  readonly op: ReduceOp;
  /** Shape of the result with length 1 for reduced dimensions. */
  readonly kept: Shape;
}

/** What a pending array waits to compute: an elementwise operation, a reduction, a product, or a constant. */
export class Pending {
  /** Pending arrays that have this one as an operand. */
  users: DeviceArray[] | undefined = undefined;
  /** How often it was computed within another program without being stored. */
  computed = 0;

  constructor(
    /** Operation code, {@link constantOp}, {@link reductionOp} or {@link productOp}. */
    readonly op: number,
    /** Operands; a constant has none. */
    readonly inputs: readonly Operand[],
    /** What each operand held when it became known, so that later in-place writes do not change the result. */
    readonly snapshots: (Contents | undefined)[],
    /** Upper bounds for the program that would compute this array. */
    readonly instructions: number,
    readonly arrays: number,
    readonly scalars: number,
    /** The number that a constant repeats. */
    readonly value?: number,
    /** What a pending reduction does with its one operand. */
    readonly reduction?: Reduction,
  ) {}
}

/** An array on a device. Made by functions like `array` and `zeros`, never by its constructor. */
export class DeviceArray extends ArrayWithMethods implements Resource {
  #holds = 0;
  owned = false;
  /** True after `dispose()`, or when the tape that owned it let it go. */
  released = false;
  buffer: Buffer | undefined = undefined;
  pending: Pending | undefined = undefined;
  /** Element of the buffer where the array begins. */
  offset = 0;
  /** Whether the elements lie in one run. */
  contiguous = true;
  /** Mark and register of a program that is being built. */
  stamp = 0;
  register = 0;
  /** Made while a recorded function or a rule ran, and still theirs: the garbage collector need not be asked about it. */
  scoped: boolean;
  #strides: readonly number[] | undefined = undefined;
  #view: View | undefined = undefined;

  constructor(
    readonly device: Device,
    readonly dtype: DType,
    readonly shape: Shape,
  ) {
    super();
    this.scoped = track(this);
  }

  /** A new array around a buffer; takes over one reference to it. */
  static of(device: Device, dtype: DType, shape: Shape, buffer: Buffer, offset = 0, strides?: readonly number[]): DeviceArray {
    const a = new DeviceArray(device, dtype, shape);
    a.buffer = buffer;
    a.offset = offset;
    if (strides !== undefined) {
      a.#strides = strides;
      a.contiguous = isContiguous(shape, strides);
    }
    if (!a.scoped) a.leave();
    return a;
  }

  /** A new array of undefined contents. */
  static empty(device: Device, dtype: DType, shape: Shape): DeviceArray {
    return DeviceArray.of(device, dtype, shape, device.memory.buffer(dtype, sizeOf(shape)));
  }

  /** An array of one repeated number; it takes no memory until its bytes are needed. */
  static constant(device: Device, dtype: DType, shape: Shape, value: number): DeviceArray {
    const a = new DeviceArray(device, dtype, shape);
    a.pending = new Pending(constantOp, noInputs, noSnapshots, 1, 0, 1, value);
    return a;
  }

  /** No box; said here, or every look would go on to the guard at the end of the prototype chain. */
  get [boxEntry](): undefined {
    return undefined;
  }

  get [leafType](): LeafType {
    return arrayLeaf;
  }

  /** Part of {@link Resource}; the buffer knows the holds of all its arrays, so that no view of a held array is written. */
  get holds(): number {
    return this.#holds;
  }
  set holds(n: number) {
    if (this.buffer !== undefined && !this.released) this.buffer.holds += n - this.#holds;
    this.#holds = n;
  }

  get strides(): readonly number[] {
    this.#strides ??= contiguousStrides(this.shape);
    return this.#strides;
  }

  /** The number that every element is, when that is known without computing. */
  get constantValue(): number | undefined {
    return this.pending?.value;
  }

  /** Takes a buffer: the array is no longer pending. */
  settleInto(buffer: Buffer): void {
    const users = this.pending?.users;
    const old = this.pending;
    this.buffer = buffer;
    if (!this.released) buffer.holds += this.#holds;
    this.pending = undefined;
    if (users !== undefined) {
      for (const user of users) {
        const p = user.pending;
        if (p === undefined) continue;
        for (let i = 0; i < p.inputs.length; i++) {
          if (p.inputs[i] !== this || p.snapshots[i] !== undefined) continue;
          p.snapshots[i] = buffer.addReader();
        }
      }
    }
    if (old !== undefined) detach(this, old);
    if (this.released) buffer.unref();
    else if (!this.scoped) this.leave();
  }

  /** The elements as a kernel sees them. The array must not be pending. */
  view(): View {
    const { storage } = this.requireBuffer();
    if (this.#view?.storage !== storage) this.#view = this.viewOf(storage);
    return this.#view as View;
  }

  /** The same elements in an older storage. */
  viewOf(storage: Storage): View {
    return { storage, dtype: this.dtype, shape: this.shape, strides: this.strides, offset: this.offset };
  }

  requireBuffer(): Buffer {
    if (this.buffer === undefined || this.released) throw new Error(releasedMessage);
    return this.buffer;
  }

  /** Another array that shows the same buffer, through a shape of its own. The array must not be pending. */
  alias(shape: Shape, offset: number = this.offset, strides?: readonly number[]): DeviceArray {
    const buffer = this.requireBuffer();
    buffer.refs++;
    return DeviceArray.of(this.device, this.dtype, shape, buffer, offset, strides);
  }

  /** Gives up the elements. A buffer that views or pending programs still need stays until they are done. */
  free(): void {
    if (this.released) return;
    this.released = true;
    if (this.buffer !== undefined) {
      this.buffer.holds -= this.#holds;
      this.buffer.unref();
    } else this.dieIfUnused();
  }

  /** Part of {@link Resource}: from now on only the garbage collector can tell when the user drops it. */
  leave(): void {
    this.scoped = false;
    if (this.buffer !== undefined && !this.released) this.device.memory.watch(this.buffer);
  }

  /** Drops what a pending array that nobody will ask for still holds. */
  dieIfUnused(): void {
    const { pending } = this;
    if (!this.released || pending === undefined || (pending.users !== undefined && pending.users.length > 0)) return;
    this.pending = undefined;
    detach(this, pending);
  }
}

const noInputs: Operand[] = [];
const noSnapshots: (Contents | undefined)[] = [];

/** What an array says that is used after it was given up. */
export const releasedMessage =
  'This array was released by dispose(), or with the gradient computation that made it; use value(x) there for what is to be kept.';

function detach(user: DeviceArray, pending: Pending): void {
  const { inputs, snapshots } = pending;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    if (typeof input === 'number') continue;
    const snapshot = snapshots[i];
    if (snapshot !== undefined) {
      input.buffer?.releaseReader(snapshot);
      continue;
    }
    const users = input.pending?.users;
    if (users === undefined) continue;
    if (users[users.length - 1] === user) users.pop();
    else {
      const at = users.lastIndexOf(user);
      if (at >= 0) users.splice(at, 1);
    }
    input.dieIfUnused();
  }
}
