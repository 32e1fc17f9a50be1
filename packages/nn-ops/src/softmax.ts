/** Normalised exponentials. */
import { type DimsOptions, exp, KnetArray, log, maximum, mul, type Primitive, primitive, type Reduction, sub, sum } from '@knet/knetarray';

/**
 * Logarithm of the softmax: x - log(sum(exp(x))) over `dims` (everything when omitted). The maximum is subtracted first, so
 * that large scores neither overflow nor lose accuracy.
 *
 * @example
 * logp(scores, { dims: 0 }); // each column becomes log-probabilities
 */
export const logp: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('logp', {
  methods: [
    [
      [KnetArray],
      (x: KnetArray, options?: DimsOptions) => {
        const shifted = sub(x, maximum(x, options));
        return sub(shifted, log(sum(exp(shifted), options)));
      },
    ],
  ],
  derivatives: [
    ({ y, options }) =>
      dy =>
        sub(dy, mul(exp(y), sum(dy, options))),
  ],
});

/** Another name of {@link logp}. */
export const logsoftmax: Primitive<Reduction> = logp;

/**
 * exp(x) / sum(exp(x)) over `dims` (everything when omitted), without overflow.
 *
 * @example
 * softmax(scores, { dims: 0 }).sum({ dims: 0 }); // ones
 */
export const softmax: Primitive<Reduction> = /* @__PURE__ */ primitive<Reduction>('softmax', {
  methods: [
    [
      [KnetArray],
      (x: KnetArray, options?: DimsOptions) => {
        const e = exp(sub(x, maximum(x, options)));
        return e.div(sum(e, options));
      },
    ],
  ],
  derivatives: [
    ({ y, options }) =>
      dy =>
        mul(y, sub(dy, sum(mul(dy, y), options))),
  ],
});
