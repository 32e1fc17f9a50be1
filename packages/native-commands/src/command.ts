/** Writes the arguments of one kernel call into the command block, in the order in which native/words.h reads them. */
import { bytesPerElement, type DType, type Shape, type Storage, type View } from '@knet/knetarray';
import { checkRank } from './rank.js';

/** Numbers of the dtypes; `supports` keeps those away that an addon does not know. */
const codes: Readonly<Record<DType, number>> = { float32: 0, float64: 1, int32: 2, uint8: 3, bool: 4, float16: 5, bfloat16: 6 };

/** Number that stands for an element type, as in native/types.h. */
export function codeOf(dtype: DType): number {
  return codes[dtype];
}

/** The command block of this thread, with a place to write next. */
export class Command {
  #at = 0;

  constructor(
    /** Of the backend, for messages. */
    readonly name: string,
    private readonly words: Float64Array,
    /** Address of the first byte of a storage. */
    private readonly storageAddress: (storage: Storage) => number,
  ) {}

  /** Tells the addon how long the command is, which then may compute it later; `length` is known to who has written it by hand. */
  end(length = this.#at): void {
    this.words[this.words.length - 1] = length;
  }

  /** Address of the element at position 0 of a view. */
  addressOf({ storage, dtype, offset }: View): number {
    return this.storageAddress(storage) + offset * bytesPerElement(dtype);
  }

  /** Begins a new command. */
  begin(): this {
    this.#at = 0;
    return this;
  }

  /** Writes a number. */
  put(x: number): this {
    // A write past the end of a typed array is ignored: the kernel would read the numbers of an older command.
    if (this.#at >= this.words.length - 1) throw new RangeError(`${this.name}: a command of more than ${this.words.length - 1} numbers`);
    this.words[this.#at++] = x;
    return this;
  }

  /** Writes numbers. */
  list(xs: readonly number[]): this {
    for (let i = 0; i < xs.length; i++) this.put(xs[i]!);
    return this;
  }

  /** Writes the address of a view. */
  address(view: View): this {
    return this.put(this.addressOf(view));
  }

  /** Writes a whole view. */
  view(view: View): this {
    const { shape, strides }: { shape: Shape; strides: readonly number[] } = view;
    checkRank(this.name, shape);
    return this.address(view).put(codes[view.dtype]).put(shape.length).list(shape).list(strides);
  }
}
