/** Trigonometric and hyperbolic functions and their inverses. Angles are in radians. */
import type { Value } from '../leaf.js';
import type { Primitive } from '../primitive.js';
import { abs2, add, div, mul, neg, sub, where } from './arithmetic.js';
import { eq } from './comparison.js';
import { type BinaryRule, binary, slope, type UnaryFunction, unary } from './elementwise.js';
import { sqrt } from './exponential.js';

const times = (a: Value, b: Value): Value => mul(a, b);
const over = (a: Value, b: Value): Value => div(a, b);

/** Sine of x in radians. */
export const sin: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'sin',
  Math.sin,
  /* @__PURE__ */ slope(x => cos(x), times),
);
/** Cosine of x in radians. */
export const cos: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'cos',
  Math.cos,
  /* @__PURE__ */ slope(x => neg(sin(x)), times),
);
/** Tangent of x in radians. */
export const tan = /* @__PURE__ */ unary(
  'tan',
  Math.tan,
  ({ y }) =>
    dy =>
      mul(dy, add(1, abs2(y))),
);
/** Inverse sine in [-π/2, π/2]; NaN outside of [-1, 1]. */
export const asin = /* @__PURE__ */ unary(
  'asin',
  Math.asin,
  /* @__PURE__ */ slope(x => sqrt(sub(1, abs2(x))), over),
);
/** Inverse cosine in [0, π]; NaN outside of [-1, 1]. */
export const acos = /* @__PURE__ */ unary(
  'acos',
  Math.acos,
  /* @__PURE__ */ slope(x => neg(sqrt(sub(1, abs2(x)))), over),
);
/** Inverse tangent in [-π/2, π/2]. */
export const atan = /* @__PURE__ */ unary(
  'atan',
  Math.atan,
  /* @__PURE__ */ slope(x => add(1, abs2(x)), over),
);
/** Hyperbolic sine. */
export const sinh: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'sinh',
  Math.sinh,
  /* @__PURE__ */ slope(x => cosh(x), times),
);
/** Hyperbolic cosine. */
export const cosh: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'cosh',
  Math.cosh,
  /* @__PURE__ */ slope(x => sinh(x), times),
);
/** Hyperbolic tangent. */
export const tanh = /* @__PURE__ */ unary(
  'tanh',
  Math.tanh,
  ({ y }) =>
    dy =>
      mul(dy, sub(1, abs2(y))),
);
/** Inverse hyperbolic sine. */
export const asinh = /* @__PURE__ */ unary(
  'asinh',
  Math.asinh,
  /* @__PURE__ */ slope(x => sqrt(add(1, abs2(x))), over),
);
/** Inverse hyperbolic cosine; NaN for x < 1. */
export const acosh = /* @__PURE__ */ unary(
  'acosh',
  Math.acosh,
  /* @__PURE__ */ slope(x => sqrt(sub(abs2(x), 1)), over),
);
/** Inverse hyperbolic tangent; NaN outside of [-1, 1]. */
export const atanh = /* @__PURE__ */ unary(
  'atanh',
  Math.atanh,
  /* @__PURE__ */ slope(x => sub(1, abs2(x)), over),
);
/** Angle of the point (x, y) from the x axis, in (-π, π]: `atan2(y, x)`. */
export const atan2 = /* @__PURE__ */ binary('atan2', Math.atan2, [
  ({ args }) => {
    const a = args[0];
    const b = args[1];
    return dy => mul(dy, div(b, add(abs2(a), abs2(b))));
  },
  ({ args }) => {
    const a = args[0];
    const b = args[1];
    return dy => mul(dy, neg(div(a, add(abs2(a), abs2(b)))));
  },
]);

function share(arg: 0 | 1): BinaryRule {
  return ({ args, y }) => {
    const x = args[arg];
    return dy => mul(dy, div(x, where(eq(y, 0), 1, y)));
  };
}

/** sqrt(a² + b²) without overflow; the derivatives at the origin are 0. */
export const hypot = /* @__PURE__ */ binary('hypot', Math.hypot, [/* @__PURE__ */ share(0), /* @__PURE__ */ share(1)]);
