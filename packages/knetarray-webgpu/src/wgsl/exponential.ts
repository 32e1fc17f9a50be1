/** Exponential and hyperbolic functions of float32, to a few units in the last place. The polynomials are minimax fits of this project. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const exponential: Functions = {
  // Puts a + b = k log 2 + r for |a + b| up to 4 million. 1.5 2^23 leaves the nearest whole number in the low bits; the first part
  // of log 2 has so few bits that its products with k are exact.
  reduce_exp: `
struct Reduced { k: i32, r: f32 }
fn reduce_exp(a: f32, b: f32) -> Reduced {
  let k = bitcast<i32>(fma(a + b, 1.44269504, 12582912.0)) - 0x4b400000;
  let n = f32(k);
  return Reduced(k, fma(n, -1.42860677e-6, fma(n, -0.693145752, a) + b));
}`,
  // exp(r) - 1 for |r| <= log(2) / 2.
  expm1_near: `
fn expm1_near(r: f32) -> f32 {
  return fma(r * r, ${polynomial('r', 5e-1, 1.666651815e-1, 4.166620597e-2, 8.368954062e-3, 1.395059982e-3)}, r);
}`,
  // exp(a + b) for a number in two parts.
  exp_sum: `
fn exp_sum(a: f32, b: f32) -> f32 {
  let q = reduce_exp(clamp(a, -104.0, 89.0), b);
  return keep_nan(scale(expm1_near(q.r) + 1.0, q.k), a);
}`,
  exp_of: 'fn exp_of(x: f32) -> f32 { return exp_sum(x, 0.0); }',
  exp2_of: `
fn exp2_of(x: f32) -> f32 {
  let c = clamp(x, -151.0, 129.0);
  let k = bitcast<i32>(c + 12582912.0) - 0x4b400000;
  let r = c - f32(k);
  let p = ${polynomial('r', 6.931471825e-1, 2.402265072e-1, 5.550327525e-2, 9.618004784e-3, 1.340041636e-3, 1.547604334e-4)};
  return keep_nan(scale(fma(p, r, 1.0), k), x);
}`,
  // log10(2) and log(10) in two parts each.
  exp10_of: `
fn exp10_of(x: f32) -> f32 {
  let c = clamp(x, -46.0, 39.0);
  let k = bitcast<i32>(fma(c, 3.32192809, 12582912.0)) - 0x4b400000;
  let n = f32(k);
  let s = fma(n, -4.60503909e-6, fma(n, -0.301025391, c));
  let r = fma(s, 2.30258512, s * -3.19754356e-8);
  return keep_nan(scale(expm1_near(r) + 1.0, k), x);
}`,
  // With half of 2^k, which itself may be too large.
  expm1_of: `
fn expm1_of(x: f32) -> f32 {
  let q = reduce_exp(clamp(x, -30.0, 89.0), 0.0);
  let s = power_of_two(q.k - 1);
  let y = fma(expm1_near(q.r), s, s - 0.5);
  return keep_nan(with_sign(y + y, x), x);
}`,
  // From y = exp(-2 |x|) - 1; beyond 10 the result is 1.
  tanh_of: `
fn tanh_of(x: f32) -> f32 {
  let q = reduce_exp(min(abs(x), 10.0) * -2.0, 0.0);
  let s = power_of_two(q.k);
  let y = fma(expm1_near(q.r), s, s - 1.0);
  return keep_nan(with_sign(abs(y / (y + 2.0)), x), x);
}`,
  // Small: e / 2 (1 + 1 / (1 + e)) with e = exp(|x|) - 1. Large: exp(|x|) / 2.
  sinh_of: `
fn sinh_of(x: f32) -> f32 {
  let a = min(abs(x), 90.0);
  let q = reduce_exp(a, 0.0);
  let p = expm1_near(q.r);
  let s = power_of_two(min(q.k, 40));
  let e = fma(p, s, s - 1.0);
  let y = 0.5 * (e + e / (e + 1.0));
  return keep_nan(with_sign(select(y, scale(p + 1.0, q.k - 1), a > 20.0), x), x);
}`,
  cosh_of: `
fn cosh_of(x: f32) -> f32 {
  let q = reduce_exp(min(abs(x), 90.0), 0.0);
  let e = scale(expm1_near(q.r) + 1.0, q.k - 1);
  return keep_nan(e + 0.25 / e, x);
}`,
};
