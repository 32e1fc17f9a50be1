/** Roots, exponentials and logarithms. */
import type { Value } from '../leaf.js';
import type { Primitive } from '../primitive.js';
import { add, div, mul } from './arithmetic.js';
import { type UnaryFunction, type UnaryRule, unary } from './elementwise.js';

// Functions whose derivative is shorter from the result than from the argument.
const fromResult =
  (derivative: (y: Value) => Value): UnaryRule =>
  ({ y }) =>
  dy =>
    mul(dy, derivative(y));

const over =
  (denominator: (x: Value) => Value): UnaryRule =>
  ({ args }) => {
    const x = args[0];
    return dy => div(dy, denominator(x));
  };

/** Square root; NaN for x < 0. The derivative at 0 is Infinity. */
export const sqrt: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'sqrt',
  Math.sqrt,
  ({ y }) =>
    dy =>
      div(dy, mul(2, y)),
);
/** Cube root, of negative numbers too. The derivative at 0 is Infinity. */
export const cbrt = /* @__PURE__ */ unary(
  'cbrt',
  Math.cbrt,
  ({ y }) =>
    dy =>
      div(dy, mul(3, mul(y, y))),
);
/** e ** x, element by element. */
export const exp = /* @__PURE__ */ unary(
  'exp',
  Math.exp,
  /* @__PURE__ */ fromResult(y => y),
);
/** 2 ** x, element by element. */
export const exp2 = /* @__PURE__ */ unary(
  'exp2',
  x => 2 ** x,
  /* @__PURE__ */ fromResult(y => mul(y, Math.LN2)),
);
/** 10 ** x, element by element. */
export const exp10 = /* @__PURE__ */ unary(
  'exp10',
  x => 10 ** x,
  /* @__PURE__ */ fromResult(y => mul(y, Math.LN10)),
);
/** e ** x - 1, accurate near 0. */
export const expm1 = /* @__PURE__ */ unary(
  'expm1',
  Math.expm1,
  /* @__PURE__ */ fromResult(y => add(y, 1)),
);
/** Natural logarithm; -Infinity at 0, NaN for x < 0. */
export const log: Primitive<UnaryFunction> = /* @__PURE__ */ unary(
  'log',
  Math.log,
  /* @__PURE__ */ over(x => x),
);
/** Logarithm to base 2; -Infinity at 0, NaN for x < 0. */
export const log2 = /* @__PURE__ */ unary(
  'log2',
  Math.log2,
  /* @__PURE__ */ over(x => mul(x, Math.LN2)),
);
/** Logarithm to base 10; -Infinity at 0, NaN for x < 0. */
export const log10 = /* @__PURE__ */ unary(
  'log10',
  Math.log10,
  /* @__PURE__ */ over(x => mul(x, Math.LN10)),
);
/** Logarithm of 1 + x, accurate near 0; NaN for x < -1. */
export const log1p = /* @__PURE__ */ unary(
  'log1p',
  Math.log1p,
  /* @__PURE__ */ over(x => add(x, 1)),
);
