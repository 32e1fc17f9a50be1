/** Batch and layer normalisation. */
import {
  type ArrayOptions,
  abs2,
  add,
  assign,
  cat,
  div,
  formatShape,
  isBox,
  isRecording,
  KnetArray,
  mean,
  mul,
  normalizeDims,
  ones,
  type Primitive,
  primitive,
  reshape,
  sizeOf,
  slice,
  span,
  sqrt,
  sub,
  zeros,
} from '@knet/knetarray';

/** Running mean and variance of {@link batchnorm}, written in place; made by {@link bnmoments}. */
export interface BatchMoments {
  /** Shape of the statistics; undefined until the first use, or when given. */
  mean: KnetArray | undefined;
  variance: KnetArray | undefined;
}

/** Running moments that have not seen anything: mean 0 and variance 1 of the shape of the first batch. */
export function bnmoments(moments: Partial<BatchMoments> = {}): BatchMoments {
  return { mean: moments.mean, variance: moments.variance };
}

/**
 * Parameters of {@link batchnorm} and {@link layernorm} for a number of channels: a vector of that many scales (ones), then as
 * many shifts (zeros).
 */
export function bnparams(channels: number, options?: ArrayOptions): KnetArray {
  return cat([ones([channels], options), zeros([channels], options)]);
}

/** Options of {@link batchnorm}. */
export interface BatchnormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Weight of a new batch in the running moments. Default 0.1. */
  momentum?: number;
  /** Whether to use the statistics of the batch. Default: while x or params are being differentiated. */
  training?: boolean;
}

/**
 * Batch normalisation: x minus its mean, divided by sqrt(variance + eps), per channel, then scaled and shifted by `params`
 * ({@link bnparams}) if given. Channels are the last dimension but one of `[X.., C, N]`, and the first of `[C, N]`. In training
 * the statistics are those of the batch, and the running moments move towards them (towards the variance
 * with n - 1); otherwise the running moments are used.
 * Ioffe, Szegedy, https://arxiv.org/abs/1502.03167
 *
 * @throws RangeError when shapes do not fit; Error without training when no moments are known
 *
 * @example
 * const moments = bnmoments();
 * batchnorm(conv4(w, x), moments, params);
 */
export function batchnorm(
  x: KnetArray,
  moments?: BatchMoments | null,
  params?: KnetArray | null,
  { eps = 1e-5, momentum = 0.1, training = isRecording() && (isBox(x) || isBox(params)) }: BatchnormOptions = {},
): KnetArray {
  if (x.ndim < 2) throw new RangeError(`batchnorm: expected x [.., channels, batch], not shape ${formatShape(x.shape)}`);
  const channel = x.ndim - 2;
  const dims = x.shape.map((_, d) => d).filter(d => d !== channel);
  const shape = x.shape.map((n, d) => (d === channel ? n : 1));
  for (const known of [moments?.mean, moments?.variance]) {
    if (known !== undefined && sizeOf(known.shape) !== x.shape[channel]) {
      throw new RangeError(
        `batchnorm: moments of shape ${formatShape(known.shape)} for the ${x.shape[channel]} channels of x of shape ${formatShape(x.shape)}`,
      );
    }
  }
  if (!training) {
    if (moments?.mean === undefined || moments.variance === undefined) {
      throw new Error('batchnorm: no running moments yet; train first, give mean and variance to bnmoments, or set training: true');
    }
    const centered = sub(x, reshape(moments.mean, shape));
    return affineOf(div(centered, sqrt(add(reshape(moments.variance, shape), eps))), params, shape, 'batchnorm');
  }
  const average = mean(x, { dims });
  const centered = sub(x, average);
  const variance = mean(abs2(centered), { dims });
  if (moments != null && x.size > 0) {
    const options = { dtype: x.dtype, device: x.device };
    moments.mean ??= zeros(shape, options);
    moments.variance ??= ones(shape, options);
    const count = x.size / x.shape[channel]!;
    follow(average, { target: moments.mean, momentum, factor: 1 });
    follow(variance, { target: moments.variance, momentum, factor: count > 1 ? count / (count - 1) : 1 });
  }
  return affineOf(div(centered, sqrt(add(variance, eps))), params, shape, 'batchnorm');
}

interface FollowOptions {
  readonly target: KnetArray;
  readonly momentum: number;
  readonly factor: number;
}

/** Moves a running moment towards a batch's. Generic, so that it works on boxes and what it makes is freed at once; its value is nothing. */
const follow: Primitive<(moment: KnetArray, options: FollowOptions) => number> = /* @__PURE__ */ primitive('batchnorm moments', {
  methods: [
    [
      [KnetArray],
      (moment: KnetArray, { target, momentum, factor }: FollowOptions) => {
        const step = mul(reshape(moment, target.shape), momentum * factor);
        assign([[target, add(mul(target, 1 - momentum), step)]]);
        return 0;
      },
    ],
  ],
  zeroDerivative: true,
});

/** Options of {@link layernorm}. */
export interface LayernormOptions {
  /** The dimensions to normalise over. Default the first. */
  dims?: number | readonly number[];
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/**
 * Layer normalisation: every instance minus its mean over `dims`, divided by sqrt(variance + eps); then scaled and shifted by
 * `params` ({@link bnparams} of as many elements as `dims` have) if given. Ba, Kiros, Hinton, https://arxiv.org/abs/1607.06450
 *
 * @throws RangeError when shapes do not fit
 *
 * @example
 * layernorm(x, bnparams(256)); // x [256, batch]
 */
export function layernorm(x: KnetArray, params?: KnetArray | null, { dims = 0, eps = 1e-5 }: LayernormOptions = {}): KnetArray {
  const over = normalizeDims(dims, x.ndim, 'layernorm');
  const centered = sub(x, mean(x, { dims: over }));
  const variance = mean(abs2(centered), { dims: over });
  const shape = x.shape.map((n, d) => (over.includes(d) ? n : 1));
  return affineOf(div(centered, sqrt(add(variance, eps))), params, shape, 'layernorm');
}

/** Scaled by the first half of a vector and shifted by the second. */
function affineOf(x: KnetArray, params: KnetArray | null | undefined, shape: readonly number[], caller: string): KnetArray {
  if (params == null) return x;
  const n = sizeOf(shape);
  if (params.ndim !== 1 || params.size !== 2 * n) {
    throw new RangeError(
      `${caller}: params of shape ${formatShape(params.shape)}; expected a vector of ${n} scales and ${n} shifts, as bnparams(${n}) makes`,
    );
  }
  return add(mul(x, reshape(slice(params, span(0, n)), shape)), reshape(slice(params, span(n, 2 * n)), shape));
}
