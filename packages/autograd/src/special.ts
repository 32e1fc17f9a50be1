/**
 * Error functions, the logarithm of the gamma function, and sine and cosine of multiples of π, with derivatives.
 *
 * @packageDocumentation
 */

import { abs2, add, mul, neg, sub } from './functions/arithmetic.js';
import { type BinaryFunction, slope, type UnaryFunction, unary } from './functions/elementwise.js';
import { exp } from './functions/exponential.js';
import type { Value } from './leaf.js';
import { type Primitive, primitive } from './primitive.js';
import * as special from './special-numbers.js';

const times = (a: Value, b: Value): Value => mul(a, b);
const twoOverRootPi = 2 / 1.7724538509055159;
const halfRootPi = 1.7724538509055159 / 2;

/** Error function 2/√π ∫₀ˣ exp(-t²) dt, in [-1, 1]. */
export const erf = /* @__PURE__ */ unary(
  'erf',
  special.erf,
  /* @__PURE__ */ slope(x => mul(twoOverRootPi, exp(neg(abs2(x)))), times),
);
/** Complementary error function 1 - erf(x), accurate where it is small. */
export const erfc = /* @__PURE__ */ unary(
  'erfc',
  special.erfc,
  /* @__PURE__ */ slope(x => mul(-twoOverRootPi, exp(neg(abs2(x)))), times),
);
/** Inverse of erf on (-1, 1); ±Infinity at ±1, NaN outside. */
export const erfinv = /* @__PURE__ */ unary(
  'erfinv',
  special.erfinv,
  ({ y }) =>
    dy =>
      mul(dy, mul(halfRootPi, exp(abs2(y)))),
);
/** Inverse of erfc on (0, 2); ±Infinity at 0 and 2, NaN outside. */
export const erfcinv = /* @__PURE__ */ unary(
  'erfcinv',
  special.erfcinv,
  ({ y }) =>
    dy =>
      mul(dy, mul(-halfRootPi, exp(abs2(y)))),
);
/** Scaled complementary error function exp(x²) erfc(x). */
export const erfcx = /* @__PURE__ */ unary('erfcx', special.erfcx, ({ args, y }) => {
  const x = args[0];
  return dy => mul(dy, sub(mul(2, mul(x, y)), twoOverRootPi));
});
/** Logarithm of the absolute value of the gamma function. */
export const lgamma: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'lgamma',
  special.lgamma,
  /* @__PURE__ */ slope(x => digamma(x), times),
);
/** Digamma function, the derivative of {@link lgamma}. */
export const digamma: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'digamma',
  special.digamma,
  /* @__PURE__ */ slope(x => polygamma(1, x), times),
);
/** Derivative of order n of digamma, n >= 0: `polygamma(1, x)` is the trigamma function. The order has no derivative. */
export const polygamma: Primitive<BinaryFunction> = /* @__PURE__ */ primitive<BinaryFunction>('polygamma', {
  number: (n, x) => special.polygamma(n!, x!),
  elementwise: true,
  derivatives: [
    undefined,
    ({ args }) => {
      const n = args[0];
      const x = args[1];
      return dy => mul(dy, polygamma(add(n, 1), x));
    },
  ],
});
/** sin(πx), exact at integers and halves. */
export const sinpi: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'sinpi',
  special.sinpi,
  /* @__PURE__ */ slope(x => mul(Math.PI, cospi(x)), times),
);
/** cos(πx), exact at integers and halves. */
export const cospi: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'cospi',
  special.cospi,
  /* @__PURE__ */ slope(x => mul(-Math.PI, sinpi(x)), times),
);
