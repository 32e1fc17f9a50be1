/** Embeddings: columns of a matrix chosen by number. */
import { contiguousStrides, formatShape, gather, KnetArray, reshape, sizeOf, slice, vec } from '@knet/knetarray';

/** Nested lists of whole numbers. */
export type IndexList = readonly (number | IndexList)[];

/**
 * The columns of w `[embed, vocabulary]` at the given positions: `[embed, ...shape of indices]`. Nested lists are read as rows.
 * Repeated positions accumulate in the gradient.
 *
 * @throws RangeError when w is no matrix or, on the host, a position is out of range; TypeError for an array that is not int32
 *
 * @example
 * embedding(w, [3, 3, 0]);                             // [embed, 3]
 * embedding(w, array(tokens, { shape: [20, 64] }));    // [embed, 20, 64], tokens an Int32Array
 */
export function embedding(w: KnetArray, indices: IndexList | Int32Array | KnetArray): KnetArray {
  if (w.ndim !== 2) throw new RangeError(`embedding: expected w [embed, vocabulary], not shape ${formatShape(w.shape)}`);
  if (!(indices instanceof KnetArray)) {
    const { shape, list } = flattened(w, indices);
    return reshape(slice(w, ':', list), [w.shape[0]!, ...shape]);
  }
  if (indices.dtype !== 'int32')
    throw new TypeError(`embedding: indices must be int32, not ${indices.dtype}; make them with dtype: 'int32'`);
  return reshape(gather(w, vec(indices), 1), [w.shape[0]!, ...indices.shape]);
}

/** Nested rows as column-major positions, checked. */
function flattened(w: KnetArray, indices: IndexList | Int32Array): { shape: number[]; list: Int32Array } {
  const shape: number[] = [];
  for (let level: unknown = indices; Array.isArray(level) || level instanceof Int32Array; level = level[0]) shape.push(level.length);
  const strides = contiguousStrides(shape);
  const list = new Int32Array(sizeOf(shape));
  const vocabulary = w.shape[1]!;
  const walk = (level: number | IndexList | Int32Array, dim: number, offset: number): void => {
    if (typeof level !== 'number') {
      if (level.length !== shape[dim])
        throw new RangeError(`embedding: nested rows must have equal lengths, ${formatShape(shape)} as the first ones`);
      level.forEach((item, i) => {
        walk(item, dim + 1, offset + i * strides[dim]!);
      });
    } else if (dim !== shape.length)
      throw new RangeError(`embedding: nested rows must have equal depths, ${formatShape(shape)} as the first ones`);
    else if (!Number.isInteger(level) || level < 0 || level >= vocabulary) {
      throw new RangeError(
        `embedding: position ${level} is out of range for the ${vocabulary} columns of w of shape ${formatShape(w.shape)}`,
      );
    } else list[offset] = level;
  };
  walk(indices, 0, 0);
  return { shape, list };
}
