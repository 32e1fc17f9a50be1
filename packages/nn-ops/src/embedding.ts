/** Embeddings: columns of a matrix chosen by number. */
import { array, formatShape, gather, KnetArray, reshape, sizeOf, vec } from '@knet/knetarray';

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
  const positions = indices instanceof KnetArray ? indices : hostIndices(w, indices);
  if (positions.dtype !== 'int32') {
    throw new TypeError(`embedding: indices must be int32, not ${positions.dtype}; make them with dtype: 'int32'`);
  }
  return reshape(gather(w, vec(positions), 1), [w.shape[0]!, ...positions.shape]);
}

function hostIndices(w: KnetArray, indices: IndexList | Int32Array): KnetArray {
  const options = { dtype: 'int32', device: w.device } as const;
  const vocabulary = w.shape[1]!;
  const check = (list: IndexList | Int32Array): void => {
    for (const i of list) {
      if (typeof i !== 'number') check(i);
      else if (!Number.isInteger(i) || i < 0 || i >= vocabulary) {
        throw new RangeError(
          `embedding: position ${i} is out of range for the ${vocabulary} columns of w of shape ${formatShape(w.shape)}`,
        );
      }
    }
  };
  check(indices);
  if (indices instanceof Int32Array) return array(indices, options);
  const result = array(indices, options);
  return sizeOf(result.shape) === 0 ? reshape(result, [0]) : result;
}
