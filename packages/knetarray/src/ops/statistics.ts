/** Mean, variance, norms and logsumexp, composed of reductions. */
import { abs, abs2, add, div, eq, exp, log, max, mul, type Primitive, pow, primitive, sqrt, sub, where } from '@knet/autograd';
import { KnetArray } from '../array.js';
import type { DeviceArray } from '../core/device-array.js';
import { countnz, type DimsOptions, maximum, minimum, type Reduction, reducedCount, sum } from './reduce.js';

/**
 * Mean of everything (0-d) or over `dims`, which keep length 1; NaN for no elements.
 *
 * @example
 * mean(x, { dims: [0, 1] }); // of each image of [W, H, C, N]: [1, 1, C, N]
 */
export const mean: Reduction = (x, options) => div(sum(x, options), reducedCount(x, options, 'mean'));

/** Options of {@link variance} and {@link std}. */
export interface VarianceOptions extends DimsOptions {
  /** Divide by n - 1 (true, as in Julia and PyTorch) or by n. Default true. */
  corrected?: boolean;
}

/** Variance of everything (0-d) or over `dims`, which keep length 1; with n - 1 unless `corrected` is false. */
export function variance(x: KnetArray, { corrected = true, ...options }: VarianceOptions = {}): KnetArray {
  const n = reducedCount(x, options, 'var');
  return div(sum(abs2(sub(x, mean(x, options))), options), corrected ? n - 1 : n);
}

/** Standard deviation, the square root of {@link variance}. */
export function std(x: KnetArray, options: VarianceOptions = {}): KnetArray {
  return sqrt(variance(x, options));
}

/**
 * p-norm of all elements, or along `dims`: square root of the sum of squares by default; p = 1, 0 (count of nonzeros), ±Infinity
 * and any other. The gradient of the 2-norm at 0 is 0.
 */
export function norm(x: KnetArray, p = 2, options: DimsOptions = {}): KnetArray {
  if (p === Number.POSITIVE_INFINITY) return maximum(abs(x), options);
  if (p === Number.NEGATIVE_INFINITY) return minimum(abs(x), options);
  if (p === 0) return countnz(x, options);
  if (p === 1) return sum(abs(x), options);
  if (p !== 2) return pow(sum(pow(abs(x), p), options), 1 / p);
  const s = sum(abs2(x), options);
  const zero = eq(s, 0);
  return where(zero, 0, sqrt(where(zero, 1, s)));
}

/** log(sum(exp(x))) over all or some dimensions, without overflow; -Infinity for no elements. */
export const logsumexp: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('logsumexp', {
  stateless: true,
  methods: [
    [
      [KnetArray],
      (x: DeviceArray, options?: DimsOptions) => {
        // Where the maximum is infinite, x - max would be NaN: such slices are shifted by a finite number instead.
        const top = maximum(x, options);
        const shift = max(where(eq(top, Number.POSITIVE_INFINITY), 0, top), -Number.MAX_VALUE);
        return add(log(sum(exp(sub(x, shift)), options)), shift);
      },
    ],
  ],
  derivatives: [
    ({ args, y }) => {
      const x = args[0];
      return dy => mul(exp(sub(x, y)), dy);
    },
  ],
});
