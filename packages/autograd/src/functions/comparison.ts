/** Comparisons: 1 where they hold, else 0, in the type of their arguments; and tests for special numbers. Derivative zero. */
import { binary, unary } from './elementwise.js';

/** 1 where a = b, else 0; arrays are broadcast. NaN equals nothing. The derivative is 0. */
export const eq = /* @__PURE__ */ binary('eq', (a, b) => Number(a === b));
/** 1 where a differs from b, else 0; arrays are broadcast. NaN differs from everything. The derivative is 0. */
export const ne = /* @__PURE__ */ binary('ne', (a, b) => Number(a !== b));
/** 1 where a > b, else 0; arrays are broadcast. The derivative is 0. */
export const gt = /* @__PURE__ */ binary('gt', (a, b) => Number(a > b));
/** 1 where a >= b, else 0; arrays are broadcast. The derivative is 0. */
export const ge = /* @__PURE__ */ binary('ge', (a, b) => Number(a >= b));
/** 1 where a < b, else 0; arrays are broadcast. The derivative is 0. */
export const lt = /* @__PURE__ */ binary('lt', (a, b) => Number(a < b));
/** 1 where a <= b, else 0; arrays are broadcast. The derivative is 0. */
export const le = /* @__PURE__ */ binary('le', (a, b) => Number(a <= b));
/** 1 where x is a finite number, 0 for NaN and ±Infinity. */
export const isfinite = /* @__PURE__ */ unary('isfinite', x => Number(Number.isFinite(x)));
/** 1 where x is NaN, else 0. */
export const isnan = /* @__PURE__ */ unary('isnan', x => Number(Number.isNaN(x)));
/** Largest integer not above x. The derivative is 0. */
export const floor = /* @__PURE__ */ unary('floor', Math.floor);
/** Smallest integer not below x. The derivative is 0. */
export const ceil = /* @__PURE__ */ unary('ceil', Math.ceil);
/** x without its fraction, rounded toward 0. The derivative is 0. */
export const trunc = /* @__PURE__ */ unary('trunc', Math.trunc);
/** Nearest integer; halves go to the even neighbour, as in Julia, NumPy and PyTorch. */
export const round = /* @__PURE__ */ unary('round', x => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
});
