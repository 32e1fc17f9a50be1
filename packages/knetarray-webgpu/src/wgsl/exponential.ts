/**
 * Exponential and hyperbolic functions of float32, to one or two units in the last place. The polynomials are minimax fits of this
 * project. Where WebGPU runs on a processor, shifts and `clamp` cost several products each: hence products by 2^23 and `select`.
 */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const exponential: Functions = {
  // x, but at most `limit` on either side.
  limited: 'fn limited(x: f32, limit: f32) -> f32 { return select(x, select(limit, -limit, x < 0.0), abs(x) > limit); }',
  // The whole number next to x, for |x| up to 4 million, in the low bits: 1.5 2^23 leaves no fraction.
  nearest: 'fn nearest(x: f32) -> u32 { return bitcast<u32>(x + 12582912.0); }',
  nearest_product: 'fn nearest_product(x: f32, y: f32) -> u32 { return bitcast<u32>(fma(x, y, 12582912.0)); }',
  whole_of: 'fn whole_of(bits: u32) -> f32 { return f32(bitcast<i32>(bits) - 0x4b400000); }',
  // 2^k for k = -126 .. 127 in the low bits.
  power_of_two: 'fn power_of_two(bits: u32) -> f32 { return bitcast<f32>(bits * 0x800000u + 0x3f800000u); }',
  // y 2^k for k = -150 .. 0, or for k = 0 .. 150, in two factors: only a result overflows.
  scale: `
fn scale(y: f32, bits: u32, down: bool) -> f32 {
  let factor = bitcast<f32>(bits * 0x800000u + select(0x33800000u, 0x4b800000u, down));
  return y * factor * select(16777216.0, 5.96046448e-8, down);
}`,
  // x, for bits of a positive number. Compilers do not know their sign, and so cannot join the sums before and after.
  apart: 'fn apart(x: f32, bits: u32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | (bits & 0x80000000u)); }',
  // Puts x = k log 2 + r. The first part of log 2 has so few bits that its product with k is exact.
  reduce_exp: `
struct Reduced { bits: u32, r: f32 }
fn reduce_exp(x: f32) -> Reduced {
  let bits = nearest_product(x, 1.44269504);
  let n = whole_of(bits);
  return Reduced(bits, fma(n, -1.42860677e-6, apart(fma(n, -0.693145752, x), bits)));
}`,
  // exp(r) - 1 for |r| <= log(2) / 2.
  expm1_near: `
fn expm1_near(r: f32) -> f32 {
  return fma(r * r, ${polynomial('r', 5e-1, 1.666651815e-1, 4.166620597e-2, 8.368954062e-3, 1.395059982e-3)}, r);
}`,
  exp_of: `
fn exp_of(x: f32) -> f32 {
  let q = reduce_exp(limited(x, 104.0));
  return keep_nan(scale(expm1_near(q.r) + 1.0, q.bits, x < 0.0), x);
}`,
  exp2_near: `
fn exp2_near(r: f32) -> f32 {
  let p = ${polynomial('r', 6.931471825e-1, 2.402265072e-1, 5.550327525e-2, 9.618004784e-3, 1.340041636e-3, 1.547604334e-4)};
  return fma(p, r, 1.0);
}`,
  exp2_of: `
fn exp2_of(x: f32) -> f32 {
  let c = limited(x, 151.0);
  let bits = nearest(c);
  return keep_nan(scale(exp2_near(c - whole_of(bits)), bits, x < 0.0), x);
}`,
  // log10(2) and log(10) in two parts each.
  exp10_of: `
fn exp10_of(x: f32) -> f32 {
  let c = limited(x, 45.2);
  let bits = nearest_product(c, 3.32192809);
  let n = whole_of(bits);
  let s = fma(n, -4.60503909e-6, apart(fma(n, -0.301025391, c), bits));
  let r = fma(s, 2.30258512, s * -3.19754356e-8);
  return keep_nan(scale(expm1_near(r) + 1.0, bits, x < 0.0), x);
}`,
  // With half of 2^k, which itself may be too large.
  expm1_of: `
fn expm1_of(x: f32) -> f32 {
  let q = reduce_exp(select(select(x, 89.0, x > 89.0), -30.0, x < -30.0));
  let s = power_of_two(q.bits - 1u);
  let y = fma(expm1_near(q.r), s, s - 0.5);
  return keep_nan(select(y + y, x, abs(x) < 1e-8), x);
}`,
  // From y = exp(-2 |x|) - 1; beyond 10 the result is 1.
  tanh_of: `
fn tanh_of(x: f32) -> f32 {
  let a = abs(x);
  let q = reduce_exp(select(a, 10.0, a > 10.0) * -2.0);
  let s = power_of_two(q.bits);
  let y = fma(expm1_near(q.r), s, s - 1.0);
  return keep_nan(select(with_sign(-y / (y + 2.0), x), x, a < 1e-4), x);
}`,
  // Small: e / 2 (1 + 1 / (1 + e)) with e = exp(|x|) - 1. Large: exp(|x|) / 2.
  sinh_of: `
fn sinh_of(x: f32) -> f32 {
  let a = abs(x);
  let q = reduce_exp(limited(a, 90.0));
  let p = expm1_near(q.r);
  let large = a > 20.0;
  let s = select(power_of_two(q.bits), 1.0, large);
  let e = fma(p, s, s - 1.0);
  let y = 0.5 * (e + e / (e + 1.0));
  return keep_nan(with_sign(select(y, scale(p + 1.0, q.bits - 1u, false), large), x), x);
}`,
  cosh_of: `
fn cosh_of(x: f32) -> f32 {
  let q = reduce_exp(limited(abs(x), 90.0));
  let e = scale(expm1_near(q.r) + 1.0, q.bits - 1u, false);
  return keep_nan(e + 0.25 / e, x);
}`,
};
