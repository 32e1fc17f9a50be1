/** Views of given contents on a backend, at offsets of their own, for tests of kernels over contiguous views. */
import { type Backend, type DType, decodeHalves, encodeHalves, isHalf, type TypedArray, typedArray, type View } from '@knet/knetarray';

/** Elements behind a view in its storage, which a kernel must leave alone as those before it. */
const behind = 5;

/** A contiguous view that holds the given elements, in a storage that begins so many elements earlier and ends later. */
export function viewOf(backend: Backend, dtype: DType, elements: TypedArray, before = 3): View {
  const data = typedArray(dtype, before + elements.length + behind).fill(1);
  data.set(elements, before);
  const storage = backend.allocate(dtype, data.length);
  backend.write(storage, 0, data);
  return { storage, dtype, shape: [elements.length], strides: [1], offset: before };
}

/** The elements of a view that {@link viewOf} has made. @throws Error when those around it have changed */
export function elementsOf(backend: Backend, { storage, dtype, shape, offset }: View): TypedArray {
  const end = offset + shape[0]!;
  const all = backend.readSync?.(storage, dtype, 0, end + behind);
  if (all === undefined) throw new Error(`${backend.name} cannot be read at once`);
  if ([...all.slice(0, offset), ...all.slice(end)].some(x => x !== 1)) throw new Error('the kernel wrote around its output');
  return all.slice(offset, end);
}

/** The numbers that a dtype makes of others. */
export function rounded(dtype: DType, numbers: Float64Array): TypedArray {
  if (isHalf(dtype)) return decodeHalves(encodeHalves(Float32Array.from(numbers), dtype), dtype);
  const result = typedArray(dtype, numbers.length);
  result.set(numbers);
  return result;
}

/** Reproducible numbers from -1 to 1. */
export function numbers(length: number, seed: number): Float64Array {
  let state = seed * 2654435761 + 12345;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The product of lengths. */
export function product(lengths: readonly number[]): number {
  return lengths.reduce((n, m) => n * m, 1);
}
