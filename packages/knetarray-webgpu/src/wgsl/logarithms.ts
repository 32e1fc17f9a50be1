/** Logarithms and inverse hyperbolic functions of float32, to a few units in the last place. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const logarithms: Functions = {
  // x = m 2^k with m in [sqrt(1/2), sqrt(2)), and k 2^23. The bits of subnormal numbers, as a whole number, are a normal number.
  split: `
struct Split { m: f32, e: f32, steps: i32 }
fn split(x: f32) -> Split {
  let raw = bitcast<i32>(x);
  let tiny = raw < 0x800000;
  let bits = select(raw, bitcast<i32>(f32(raw)), tiny);
  let steps = (bits - 0x3f3504f3) & -0x800000;
  return Split(bitcast<f32>(bits - steps), fma(f32(steps), 1.1920929e-7, select(0.0, -149.0, tiny)), steps);
}`,
  // log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)].
  log_tail: `
fn log_tail(f: f32) -> f32 {
  let q = ${polynomial('f', 3.333331645e-1, -2.500081062e-1, 2.000228614e-1, -1.66245535e-1, 1.418119669e-1, -1.312876791e-1, 1.288162172e-1, -7.859545946e-2)};
  return f * f * fma(f, q, -0.5);
}`,
  // The logarithm y of x, but that of 0, Infinity, negative numbers and NaN.
  log_edges: `
fn log_edges(y: f32, x: f32) -> f32 {
  let bits = bitcast<i32>(x);
  let above = select(bitcast<i32>(y), bits, bits >= 0x7f800000);
  let below = bitcast<u32>(select(above, 0x7fc00000, bits < 0));
  return bitcast<f32>(select(below, 0xff800000u, (bits & 0x7fffffff) == 0));
}`,
  // log 2 in two parts, of which the first has few bits.
  log_of: `
fn log_of(x: f32) -> f32 {
  let s = split(x);
  let f = s.m - 1.0;
  return log_edges(fma(s.e, 0.693145752, f + fma(s.e, 1.42860677e-6, log_tail(f))), x);
}`,
  // log2(x) and log10(x) = k factor + log(m) / log(base), log(m) and the constants in two parts.
  log2_of: `
fn log2_of(x: f32) -> f32 {
  let s = split(x);
  let f = s.m - 1.0;
  let t = log_tail(f);
  let high = f + t;
  let low = t - (high - f);
  let small = fma(high, 1.92596303e-8, low * 1.44269504);
  return log_edges(fma(high, 1.44269504, small) + s.e, x);
}`,
  log10_of: `
fn log10_of(x: f32) -> f32 {
  let s = split(x);
  let f = s.m - 1.0;
  let t = log_tail(f);
  let high = f + t;
  let low = t - (high - f);
  let small = fma(high, -1.010305e-8, fma(low, 0.434294492, s.e * 4.60503909e-6));
  return log_edges(fma(s.e, 0.301025391, fma(high, 0.434294492, small)), x);
}`,
  // From u = 1 + x without its last bit and what it lost. The mask keeps compilers from finding that this is 0 for real numbers.
  log1p_of: `
fn log1p_of(x: f32) -> f32 {
  let u = bitcast<f32>(bitcast<u32>(1.0 + x) & 0xfffffffeu);
  let lost = select(1.0 - (u - x), x - (u - 1.0), abs(x) < 1.0);
  let s = split(u);
  let f = fma(lost, bitcast<f32>(0x3f800000 - min(s.steps, 0x3f000000)), s.m - 1.0);
  return with_sign(log_edges(fma(s.e, 0.693145752, f + fma(s.e, 1.42860677e-6, log_tail(f))), u), x);
}`,
  // Beyond 10^8 both are log(2 |x|).
  asinh_of: `
fn asinh_of(x: f32) -> f32 {
  let a = abs(x);
  let large = a > 1e8;
  let y = log1p_of(select(a + a * a / (1.0 + sqrt(fma(a, a, 1.0))), a, large));
  return keep_nan(with_sign(y + select(0.0, 0.693147182, large), x), x);
}`,
  acosh_of: `
fn acosh_of(x: f32) -> f32 {
  let t = x - 1.0;
  let large = x > 1e8;
  let y = log1p_of(select(t + sqrt(t * (t + 2.0)), x, large));
  return keep_nan(nan_where(y + select(0.0, 0.693147182, large), x < 1.0), x);
}`,
  atanh_of: `
fn atanh_of(x: f32) -> f32 {
  let a = abs(x);
  let y = infinite_where(0.5 * log1p_of((a + a) / (1.0 - a)), a == 1.0);
  return keep_nan(with_sign(nan_where(y, a > 1.0), x), x);
}`,
};
