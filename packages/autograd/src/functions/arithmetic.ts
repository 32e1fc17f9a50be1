/** Arithmetic: add, sub, mul, div, pow, neg, abs, ... and max, min, where. */
import { leafTypeOf, type Value } from '../leaf.js';
import { type Primitive, primitive } from '../primitive.js';
import { eq } from './comparison.js';
import { binary, slope, type TernaryFunction, unary } from './elementwise.js';
import { log } from './exponential.js';

/** Sum. `add(2, 3) = 5`; arrays are broadcast, shapes aligned at the first dimension. */
export const add = /* @__PURE__ */ binary('add', (a, b) => a + b, [() => dy => dy, () => dy => dy]);

/** Difference a - b; arrays are broadcast, shapes aligned at the first dimension. */
export const sub = /* @__PURE__ */ binary('sub', (a, b) => a - b, [() => dy => dy, () => dy => neg(dy)]);

/** Product, element by element; arrays are broadcast, shapes aligned at the first dimension. */
export const mul = /* @__PURE__ */ binary('mul', (a, b) => a * b, [
  context => {
    const b = context.arg(1);
    return dy => mul(dy, b);
  },
  context => {
    const a = context.arg(0);
    return dy => mul(dy, a);
  },
]);

/** Quotient a / b, element by element; arrays are broadcast. A division by 0 is ±Infinity or NaN. */
export const div = /* @__PURE__ */ binary('div', (a, b) => a / b, [
  context => {
    const b = context.arg(1);
    return dy => div(dy, b);
  },
  ({ args, y }) => {
    const b = args[1];
    return dy => neg(div(mul(dy, y), b));
  },
]);

/** Power a ** b. Both derivatives are 0, not NaN, where `pow(x, 0)` meets x = 0. */
export const pow = /* @__PURE__ */ binary('pow', (a, b) => a ** b, [
  ({ args }) => {
    const a = args[0];
    const b = args[1];
    if (b === 2) return dy => mul(dy, mul(2, a));
    // The inner where keeps 0 * (x ** -1) = 0 * Infinity out of the product.
    return dy => mul(dy, where(eq(b, 0), 0, mul(b, pow(a, where(eq(b, 0), 1, sub(b, 1))))));
  },
  ({ args, y }) => {
    const a = args[0];
    return dy => mul(dy, where(eq(a, 0), 0, mul(y, log(where(eq(a, 0), 1, a)))));
  },
]);

/** Negative -x, element by element. */
export const neg = /* @__PURE__ */ unary(
  'neg',
  x => -x,
  () => dy => neg(dy),
);

/** Absolute value; the derivative at 0 is 0. */
export const abs = /* @__PURE__ */ unary(
  'abs',
  Math.abs,
  /* @__PURE__ */ slope(
    x => sign(x),
    (a, b) => mul(a, b),
  ),
);

/** Square x * x. The derivative is 2 x. */
export const abs2 = /* @__PURE__ */ unary(
  'abs2',
  x => x * x,
  /* @__PURE__ */ slope(
    x => mul(2, x),
    (a, b) => mul(a, b),
  ),
);

/** Sign: -1, 0 or 1; NaN stays NaN. The derivative is 0. */
export const sign = /* @__PURE__ */ unary('sign', Math.sign);

/** Larger of a and b; NaN when either is. Where they are equal, each receives the whole gradient. */
export const max = /* @__PURE__ */ binary('max', Math.max, /* @__PURE__ */ selecting());

/** Smaller of a and b; NaN when either is. Where they are equal, each receives the whole gradient. */
export const min = /* @__PURE__ */ binary('min', Math.min, /* @__PURE__ */ selecting());

function selecting(): Parameters<typeof binary>[2] {
  return [
    ({ args, y }) => {
      const a = args[0];
      return dy => mul(dy, eq(a, y));
    },
    ({ args, y }) => {
      const b = args[1];
      return dy => mul(dy, eq(b, y));
    },
  ];
}

/** Chooses by element: `a` where `condition` is not 0, else `b`. No gradient flows into the condition. */
export const where: Primitive<TernaryFunction> = /* @__PURE__ */ primitive<TernaryFunction>('where', {
  number: (condition, a, b) => (condition !== 0 ? a! : b!),
  elementwise: true,
  derivatives: [
    () => () => undefined,
    ({ args }) => {
      const condition = args[0];
      return dy => where(condition, dy, 0);
    },
    ({ args }) => {
      const condition = args[0];
      return dy => where(condition, 0, dy);
    },
  ],
});

/** Limits x to [low, high]; the derivative is 1 inside and at the limits. */
export function clamp<T extends Value>(x: T, low: number, high: number): T {
  return min(max(x, low), high) as T;
}

/** Adds two gradients, as the backward pass does where a value was used twice. */
export const accumulate = (a: Value, b: Value): Value => (leafTypeOf(a)?.accumulate?.(a, b) ? a : add(a, b));
