// Elementary functions of four floats. Arithmetic is mul and add in both builds, so both give the same bits.
// Polynomials on the reduced ranges are the single-precision ones of the Cephes library.

// @ts-ignore: decorator
@inline
function f(x: f32): v128 {
  return f32x4.splat(x);
}

// @ts-ignore: decorator
@inline
function step(p: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(p, x), f(c));
}

// @ts-ignore: decorator
@inline
function signBit(): v128 {
  return i32x4.splat(0x80000000);
}

/** Magnitude of `a` with the sign of `b`. */
// @ts-ignore: decorator
@inline
function copySign(a: v128, b: v128): v128 {
  return v128.bitselect(b, a, signBit());
}

// @ts-ignore: decorator
@inline
export function sign(x: v128): v128 {
  return v128.bitselect(copySign(f(1), x), x, f32x4.gt(f32x4.abs(x), f(0)));
}

/** 2 ** n for integers -126 <= n <= 127. */
// @ts-ignore: decorator
@inline
function power(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** x * 2 ** n, in two steps so that neither the result's neighbours of 0 nor those of infinity are lost. */
// @ts-ignore: decorator
@inline
function scale(x: v128, n: v128): v128 {
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(x, power(half)), power(i32x4.sub(n, half)));
}

// x within the range where exp neither under- nor overflows for good; a NaN stays.
// @ts-ignore: decorator
@inline
function clampExponent(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, f(89)), f(-104.5));
}

/** x - n * log(2), with log(2) in two parts of which the first times n is exact. */
// @ts-ignore: decorator
@inline
function reduce(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, f(0.693359375))), f32x4.mul(n, f(-2.12194440e-4)));
}

/** exp(r) - 1 for |r| <= log(2) / 2. */
// @ts-ignore: decorator
@inline
function exponentialTail(r: v128): v128 {
  let p = step(f(1.9875691500e-4), r, 1.3981999507e-3);
  p = step(p, r, 8.3334519073e-3);
  p = step(p, r, 4.1665795894e-2);
  p = step(p, r, 1.6666665459e-1);
  p = step(p, r, 5.0000001201e-1);
  return f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r);
}

export function exp(x: v128): v128 {
  const y = clampExponent(x);
  const n = f32x4.nearest(f32x4.mul(y, f(1.44269504088896341)));
  return scale(f32x4.add(exponentialTail(reduce(y, n)), f(1)), i32x4.trunc_sat_f32x4_s(n));
}

export function expm1(x: v128): v128 {
  const y = clampExponent(x);
  const n = f32x4.nearest(f32x4.mul(y, f(1.44269504088896341)));
  const i = i32x4.trunc_sat_f32x4_s(n);
  const tail = exponentialTail(reduce(y, n));
  const small = f32x4.add(scale(tail, i), f32x4.sub(scale(f(1), i), f(1)));
  const large = scale(f32x4.add(tail, f(1)), i);
  const r = v128.bitselect(large, small, f32x4.gt(n, f(40)));
  return v128.bitselect(x, r, f32x4.eq(x, f(0)));
}

export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, f(1.17549435e-38));
  const bits = v128.bitselect(f32x4.mul(x, f(8388608)), x, subnormal);
  let m = v128.or(v128.and(bits, i32x4.splat(0x7fffff)), f(1));
  const high = f32x4.gt(m, f(1.41421356));
  m = v128.bitselect(f32x4.mul(m, f(0.5)), m, high);
  let n = i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(127));
  n = i32x4.sub(i32x4.sub(n, high), v128.and(subnormal, i32x4.splat(23)));
  const e = f32x4.convert_i32x4_s(n);
  const r = f32x4.sub(m, f(1));
  const z = f32x4.mul(r, r);
  let p = step(f(7.0376836292e-2), r, -1.1514610310e-1);
  p = step(p, r, 1.1676998740e-1);
  p = step(p, r, -1.2420140846e-1);
  p = step(p, r, 1.4249322787e-1);
  p = step(p, r, -1.6668057665e-1);
  p = step(p, r, 2.0000714765e-1);
  p = step(p, r, -2.4999993993e-1);
  p = step(p, r, 3.3333331174e-1);
  p = f32x4.mul(f32x4.mul(p, r), z);
  p = f32x4.add(p, f32x4.mul(e, f(-2.12194440e-4)));
  p = f32x4.sub(p, f32x4.mul(z, f(0.5)));
  let y = f32x4.add(f32x4.add(r, p), f32x4.mul(e, f(0.693359375)));
  y = v128.bitselect(y, x, f32x4.lt(x, f(f32.MAX_VALUE * 2))); // NaN and infinity are their own logarithm
  y = v128.or(y, f32x4.lt(x, f(0)));
  return v128.bitselect(f(-f32.MAX_VALUE * 2), y, f32x4.eq(x, f(0)));
}

export function log1p(x: v128): v128 {
  const u = f32x4.add(x, f(1));
  // What rounding 1 + x lost, as a first-order correction.
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, f(1))), u);
  const finite = v128.and(f32x4.gt(u, f(0)), f32x4.lt(u, f(f32.MAX_VALUE)));
  const r = f32x4.add(log(u), v128.and(lost, finite));
  return v128.bitselect(x, r, f32x4.eq(u, f(1)));
}

export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(a, a);
  let p = step(f(-5.70498872745e-3), z, 2.06390887954e-2);
  p = step(p, z, -5.37397155531e-2);
  p = step(p, z, 1.33314422036e-1);
  p = step(p, z, -3.33332819422e-1);
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), a), a);
  const large = f32x4.sub(f(1), f32x4.div(f(2), f32x4.add(exp(f32x4.add(a, a)), f(1))));
  return copySign(v128.bitselect(small, large, f32x4.lt(a, f(0.625))), x);
}
