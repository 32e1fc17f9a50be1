import {
  type ArrayOptions,
  array,
  type DType,
  fillBits,
  formatShape,
  inTurns,
  KnetArray,
  nextRandomKey,
  type PhiloxKey,
  sizeOf,
  span,
  type TypedArray,
} from '@knet/knetarray';

/** Elements in host memory, column-major, with their shape. */
export interface HostData {
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** What can be cut into batches: arrays, host data, a typed array as a vector, or labels as an Int32Array. */
export type Instances = KnetArray | HostData | TypedArray;

/** A batch of instances: labels stay an Int32Array, everything else becomes an array. */
export type Batch<T> = T extends Int32Array ? Int32Array : KnetArray;

/** Options of {@link minibatch}. */
export interface MinibatchOptions extends ArrayOptions {
  /** A new order at each pass. */
  shuffle?: boolean;
  /** Seed of the orders; without it each pass takes its order from the sequence of `seed(n)`. */
  seed?: number;
  /** Keep a last batch that is smaller. */
  partial?: boolean;
}

/** Batches of instances; each loop over them is a pass over the data. `for await` gives way between batches: a page stays alive. */
export interface Minibatches<X, Y> extends Iterable<[x: Batch<X>, y: Batch<Y>]>, AsyncIterable<[x: Batch<X>, y: Batch<Y>]> {
  /** Batches in a pass. */
  readonly length: number;
  /** Instances in a pass. */
  readonly instances: number;
}

/**
 * Cuts x and y into batches along the last dimension. Without `shuffle`, a batch of an array is a view of it and a batch of labels a
 * subarray: nothing is copied. `dtype` and `device` are those of the batches; labels in an Int32Array stay as they are.
 *
 * @param x instances; a KnetArray, `{ shape, data }` or typed array in host memory, of which each batch is then put on the device
 * @param y their targets
 * @param size instances in a batch
 * @throws RangeError when x and y differ in the number of instances, or no batch would be made
 * @example
 * const data = minibatch(xtrn, ytrn, 100, { shuffle: true });
 * for (const [x, y] of data) update(w, lossGradient(w, x, y), state);
 */
export function minibatch<X extends Instances, Y extends Instances>(
  x: X,
  y: Y,
  size: number,
  { shuffle = false, seed, partial = false, dtype, device }: MinibatchOptions = {},
): Minibatches<X, Y> {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`minibatch: size must be a whole number of at least 1, not ${size}`);
  if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0))
    throw new RangeError(`minibatch: seed must be a whole number of 0 or more, not ${seed}`);
  const n = countOf(x, 'x');
  if (countOf(y, 'y') !== n) throw new RangeError(`minibatch: x has ${n} instances in its last dimension, y has ${countOf(y, 'y')}`);
  const length = partial ? Math.ceil(n / size) : Math.floor(n / size);
  if (length === 0) {
    throw new RangeError(
      `minibatch: ${n} instances make no batch of ${size}; use a smaller size${n > 0 ? ', or partial: true for a smaller batch' : ''}`,
    );
  }
  let passes = 0;
  return {
    length,
    instances: partial ? n : length * size,
    [Symbol.asyncIterator]() {
      return inTurns(this);
    },
    *[Symbol.iterator]() {
      const order = shuffle ? permutation(n, seed === undefined ? nextRandomKey() : [seed >>> 0, passes]) : undefined;
      passes++;
      for (let i = 0; i < length; i++) {
        const [from, to] = [i * size, Math.min(n, (i + 1) * size)];
        const chosen = order?.subarray(from, to) ?? { from, to };
        yield [take(x, chosen, dtype, device), take(y, chosen, dtype, device)];
      }
    },
  };
}

/** Instances from `from` up to but without `to`, or those of a list. */
type Choice = Int32Array | { readonly from: number; readonly to: number };

/** Numbers 0 to n - 1 in random order (Fisher and Yates, as Durstenfeld 1964 has it). */
export function permutation(n: number, key: PhiloxKey): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const words = new Uint32Array(n);
  fillBits(key, words);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((words[i]! / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function countOf(x: Instances, name: string): number {
  if (isTyped(x)) return x.length;
  if (x.shape.length === 0) throw new RangeError(`minibatch: ${name} has no dimension along which to cut it`);
  if (!(x instanceof KnetArray) && sizeOf(x.shape) !== x.data.length)
    throw new RangeError(`minibatch: ${name} has shape ${formatShape(x.shape)}, but ${x.data.length} elements`);
  return x.shape[x.shape.length - 1]!;
}

function take<T extends Instances>(x: T, chosen: Choice, dtype: DType | undefined, device: ArrayOptions['device']): Batch<T>;
function take(x: Instances, chosen: Choice, dtype: DType | undefined, device: ArrayOptions['device']): Int32Array | KnetArray {
  if (x instanceof Int32Array) return elements(x, 1, chosen);
  if (x instanceof KnetArray) {
    const before = x.shape.slice(1).map(() => ':' as const);
    const batch = x.slice(...before, chosen instanceof Int32Array ? chosen : span(chosen.from, chosen.to));
    return array(batch, { dtype, device });
  }
  const { shape, data } = isTyped(x) ? { shape: [x.length], data: x } : x;
  const inner = shape.slice(0, -1);
  const batch = elements(data, sizeOf(inner), chosen);
  const count = chosen instanceof Int32Array ? chosen.length : chosen.to - chosen.from;
  return array(batch, { shape: [...inner, count], dtype, device });
}

/** Chosen instances of `width` elements each. */
function elements<T extends TypedArray>(data: T, width: number, chosen: Choice): T;
function elements(data: TypedArray, width: number, chosen: Choice): TypedArray {
  if (!(chosen instanceof Int32Array)) return data.subarray(chosen.from * width, chosen.to * width);
  const result = data.slice(0, chosen.length * width);
  chosen.forEach((instance, i) => {
    result.set(data.subarray(instance * width, (instance + 1) * width), i * width);
  });
  return result;
}

function isTyped(x: Instances): x is TypedArray {
  return ArrayBuffer.isView(x);
}
