/** Initial values of weights. */
import {
  type ArrayOptions,
  add,
  array,
  formatShape,
  type KnetArray,
  mul,
  type RandomOptions,
  rand,
  randn,
  typedArray,
} from '@knet/knetarray';

/**
 * Uniform numbers in ±gain * sqrt(6 / (fanin + fanout)). For a matrix fanin is the number of columns and fanout that of rows;
 * for a filter `[.., I, O]` they are length / O and length / I. Glorot, Bengio 2010,
 * https://proceedings.mlr.press/v9/glorot10a.html
 *
 * @throws RangeError for fewer than two dimensions
 *
 * @example
 * xavier([5, 5, 1, 20]);
 */
export function xavier(shape: readonly number[], { gain = 1, ...options }: RandomOptions & { gain?: number } = {}): KnetArray {
  if (shape.length < 2) throw new RangeError(`xavier: expected a shape of two dimensions or more, not ${formatShape(shape)}`);
  const [inner, last] = [shape.at(-2)!, shape.at(-1)!];
  const size = shape.reduce((n, m) => n * m, 1);
  const fans = shape.length === 2 ? inner + last : size / last + size / inner;
  const limit = size === 0 ? 0 : gain * Math.sqrt(6 / fans);
  return add(mul(rand(shape, options), 2 * limit), -limit);
}

/**
 * Normal numbers of the given mean and standard deviation.
 *
 * @example
 * gaussian([10, 784], { std: 0.1 });
 */
export function gaussian(
  shape: readonly number[],
  { mean = 0, std = 0.01, ...options }: RandomOptions & { mean?: number; std?: number } = {},
): KnetArray {
  return add(mul(randn(shape, options), std), mean);
}

/**
 * Filters `[f1, f2, I, O]` that interpolate linearly when used in `deconv4`: on the channel diagonal the product of two
 * triangles, elsewhere 0. Long, Shelhamer, Darrell, https://arxiv.org/abs/1411.4038
 *
 * @throws RangeError unless the shape has four dimensions
 *
 * @example
 * deconv4(bilinear([4, 4, 3, 3]), x, { stride: 2, padding: 1 }); // twice as large
 */
export function bilinear(shape: readonly number[], { dtype = 'float32', device }: ArrayOptions = {}): KnetArray {
  if (shape.length !== 4) throw new RangeError(`bilinear: expected a shape [f1, f2, in, out], not ${formatShape(shape)}`);
  const [f1, f2, inputs, outputs] = shape as readonly [number, number, number, number];
  const data = typedArray(dtype, f1 * f2 * inputs * outputs);
  for (let c = 0; c < Math.min(inputs, outputs); c++) {
    for (let j = 0; j < f2; j++) {
      for (let i = 0; i < f1; i++) data[i + f1 * (j + f2 * (c + inputs * c))] = triangle(i, f1) * triangle(j, f2);
    }
  }
  return array(data, device === undefined ? { shape, dtype } : { shape, dtype, device });
}

/** Weight of element i of a linear interpolation filter of a length. */
function triangle(i: number, length: number): number {
  const factor = Math.floor((length + 1) / 2);
  const center = length % 2 === 1 ? factor - 1 : factor - 0.5;
  return 1 - Math.abs(i - center) / factor;
}
