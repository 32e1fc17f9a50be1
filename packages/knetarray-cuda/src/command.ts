/** Writes the arguments of one kernel call into the command block, in the order in which native/words.h reads them. */
import { bytesPerElement, collapse, type DType, type Shape, type View } from '@knet/knetarray';
import { storageOf } from './storage.js';

/** Numbers of the dtypes. */
const codes: Readonly<Record<DType, number>> = { float32: 0, float64: 1, int32: 2, uint8: 3, bool: 4, float16: 5 };

/** Most dimensions of a view, as `maxGivenRank` in native/types.h. */
const maxRank = 32;

/** Number that stands for an element type, as in native/types.h. */
export function codeOf(dtype: DType): number {
  return codes[dtype];
}

/** Address of the element at position 0 of a view. */
export function addressOf({ storage, dtype, offset }: View): number {
  return storageOf(storage).address + offset * bytesPerElement(dtype);
}

/** The command block of this thread, with a place to write next. */
export class Command {
  #at = 0;

  constructor(private readonly words: Float64Array) {}

  /** Begins a new command. */
  begin(): this {
    this.#at = 0;
    return this;
  }

  /** Writes a number. */
  put(x: number): this {
    // A write past the end of a typed array is ignored: the kernel would read the numbers of an older command.
    if (this.#at >= this.words.length) throw new RangeError(`cuda: a command of more than ${this.words.length} numbers`);
    this.words[this.#at++] = x;
    return this;
  }

  /** Writes numbers. */
  list(xs: readonly number[]): this {
    for (let i = 0; i < xs.length; i++) this.put(xs[i]!);
    return this;
  }

  /** Writes a whole view, with a shape and strides of its own when they are given. */
  view(view: View, shape: Shape = view.shape, strides: readonly number[] = view.strides): this {
    if (shape.length > maxRank) throw new RangeError(`cuda: an array of ${shape.length} dimensions; at most ${maxRank} are possible`);
    return this.put(addressOf(view)).put(codes[view.dtype]).put(shape.length).list(shape).list(strides);
  }

  /** Writes views of one shape with as few dimensions as they allow together. */
  views(shape: Shape, views: readonly View[]): this {
    const merged = collapse(
      shape,
      views.map(view => view.strides),
    );
    views.forEach((view, i) => {
      this.view(view, merged.shape, merged.strides[i]!);
    });
    return this;
  }
}
