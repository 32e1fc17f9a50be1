/** Elementwise operations over blocks of registers in TypeScript: the common ones as loops of their own, the rest through scalar functions. */
import {
  abs,
  abs2,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  ceil,
  cos,
  cosh,
  cospi,
  digamma,
  erf,
  erfc,
  erfcinv,
  erfcx,
  erfinv,
  exp,
  exp2,
  exp10,
  expm1,
  floor,
  hypot,
  isfinite,
  isnan,
  lgamma,
  log,
  log1p,
  log2,
  log10,
  max,
  min,
  neg,
  type OpName,
  polygamma,
  pow,
  round,
  sign,
  sin,
  sinh,
  sinpi,
  sqrt,
  type TypedArray,
  tan,
  tanh,
  trunc,
} from '@knet/knetarray';

/** Runs one operation on `n` elements: `out[o + i] = op(a[p + i * as], b[q + i * bs], ...)`; a step of 0 repeats a scalar. */
export type BlockOperation = (
  n: number,
  out: TypedArray,
  o: number,
  a: TypedArray,
  p: number,
  as: number,
  b: TypedArray,
  q: number,
  bs: number,
  c: TypedArray,
  r: number,
  cs: number,
) => void;

function unary(f: (x: number) => number): BlockOperation {
  return (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = f(a[p]!);
  };
}

function binary(f: (a: number, b: number) => number): BlockOperation {
  return (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = f(a[p]!, b[q]!);
  };
}

/** The block operation of every elementwise operation. */
export const operations: Readonly<Record<OpName, BlockOperation>> = {
  copy: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = a[p]!;
  },
  neg: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = -a[p]!;
  },
  add: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! + b[q]!;
  },
  sub: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! - b[q]!;
  },
  mul: (n, out, o, a, p, as, b, q, bs) => {
    // Products of int32 wrap like machine integers; float64 would lose their low bits.
    if (out instanceof Int32Array) for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.imul(a[p]!, b[q]!);
    else for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! * b[q]!;
  },
  div: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! / b[q]!;
  },
  abs2: (n, out, o, a, p, as) => {
    if (out instanceof Int32Array) for (let i = 0; i < n; i++, p += as) out[o + i] = Math.imul(a[p]!, a[p]!);
    else for (let i = 0; i < n; i++, p += as) out[o + i] = a[p]! * a[p]!;
  },
  sqrt: (n, out, o, a, p, as) => {
    for (let i = 0; i < n; i++, p += as) out[o + i] = Math.sqrt(a[p]!);
  },
  max: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.max(a[p]!, b[q]!);
  },
  min: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = Math.min(a[p]!, b[q]!);
  },
  gt: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! > b[q]! ? 1 : 0;
  },
  eq: (n, out, o, a, p, as, b, q, bs) => {
    for (let i = 0; i < n; i++, p += as, q += bs) out[o + i] = a[p]! === b[q]! ? 1 : 0;
  },
  where: (n, out, o, a, p, as, b, q, bs, c, r, cs) => {
    for (let i = 0; i < n; i++, p += as, q += bs, r += cs) out[o + i] = a[p]! !== 0 ? b[q]! : c[r]!;
  },
  ne: binary((x, y) => Number(x !== y)),
  ge: binary((x, y) => Number(x >= y)),
  lt: binary((x, y) => Number(x < y)),
  le: binary((x, y) => Number(x <= y)),
  pow: binary((x, y) => pow(x, y)),
  atan2: binary((x, y) => atan2(x, y)),
  hypot: binary((x, y) => hypot(x, y)),
  polygamma: binary((x, y) => polygamma(x, y)),
  exp: unary(Math.exp),
  log: unary(Math.log),
  tanh: unary(Math.tanh),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  abs: unary(x => abs(x)),
  sign: unary(x => sign(x)),
  cbrt: unary(x => cbrt(x)),
  exp2: unary(x => exp2(x)),
  exp10: unary(x => exp10(x)),
  expm1: unary(x => expm1(x)),
  log2: unary(x => log2(x)),
  log10: unary(x => log10(x)),
  log1p: unary(x => log1p(x)),
  tan: unary(x => tan(x)),
  asin: unary(x => asin(x)),
  acos: unary(x => acos(x)),
  atan: unary(x => atan(x)),
  sinh: unary(x => sinh(x)),
  cosh: unary(x => cosh(x)),
  asinh: unary(x => asinh(x)),
  acosh: unary(x => acosh(x)),
  atanh: unary(x => atanh(x)),
  sinpi: unary(x => sinpi(x)),
  cospi: unary(x => cospi(x)),
  erf: unary(x => erf(x)),
  erfc: unary(x => erfc(x)),
  erfinv: unary(x => erfinv(x)),
  erfcinv: unary(x => erfcinv(x)),
  erfcx: unary(x => erfcx(x)),
  lgamma: unary(x => lgamma(x)),
  digamma: unary(x => digamma(x)),
  floor: unary(x => floor(x)),
  ceil: unary(x => ceil(x)),
  round: unary(x => round(x)),
  trunc: unary(x => trunc(x)),
  isfinite: unary(x => isfinite(x)),
  isnan: unary(x => isnan(x)),
};
