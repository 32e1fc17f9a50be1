/** Clipping by one norm over a whole structure. */
import { abs2, add, astype, div, forEachLeaf, KnetArray, mapLeaves, min, mul, sqrt, sumabs2, type Value } from '@knet/knetarray';

/**
 * The structure scaled so that the 2-norm of all its elements together is at most `limit`. Gradients within the limit keep their
 * values. With arrays the factor is computed on the device and nothing is read back, so numbers beside arrays come back as 0-d
 * arrays, which `update` takes.
 *
 * @throws RangeError unless `limit` is greater than 0
 * @example
 * update(w, clipGlobalNorm(lossGradient(w, x, y), 5), state);
 */
export function clipGlobalNorm<G>(g: G, limit: number): G {
  if (!(limit > 0)) throw new RangeError(`clipGlobalNorm: the limit must be greater than 0, not ${limit}`);
  const squares: Value[] = [];
  forEachLeaf(g, leaf => squares.push(leaf instanceof KnetArray ? sumabs2(leaf) : abs2(leaf)));
  const total = squares.reduce((a, b) => add(a, b), 0);
  const factor = min(1, div(limit, sqrt(total)));
  return mapLeaves(g, leaf => {
    const fits = leaf instanceof KnetArray && factor instanceof KnetArray;
    return mul(leaf, fits ? astype(factor, leaf.dtype) : factor);
  });
}
