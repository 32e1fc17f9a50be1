/** Trigonometric functions of float32, to a few units in the last place for every angle. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const trigonometric: Functions = {
  sin_near: `
fn sin_near(r: f32) -> f32 {
  let z = r * r;
  return fma(z * r, ${polynomial('z', -1.666666716e-1, 8.333329111e-3, -1.983932743e-4, 2.718237283e-6)}, r);
}`,
  cos_near: `
fn cos_near(r: f32) -> f32 {
  let z = r * r;
  return fma(z * z, ${polynomial('z', 4.166666791e-2, -1.38888834e-3, 2.479951218e-5, -2.720954626e-7)}, fma(z, -0.5, 1.0));
}`,
  // A large angle by the method of Payne and Hanek: it is a whole number of 24 bits times a power of 2, so that in the product with
  // 2 / pi only a window of bits from the multiples of 4 downwards matters: a b c, shifted. What the first word of the window
  // gives is whole and wraps; the rest is less than 1 / 64, and is added in floats whose products are exact but for the last.
  reduce_large: `
fn reduce_large(x: f32) -> Angle {
  let bits = bitcast<u32>(x);
  let digits = (bits & 0x7fffffu) | 0x800000u;
  let start = i32((bits >> 23u) & 255u) - 120;
  let b1 = start > 31;
  let b2 = start > 63;
  let b3 = start > 95;
  let b4 = start > 127;
  let a = select(select(select(select(0u, 0xa2f9836eu, b1), 0x4e441529u, b2), 0xfc2757d1u, b3), 0xf534ddc0u, b4);
  let b = select(select(select(select(0xa2f9836eu, 0x4e441529u, b1), 0xfc2757d1u, b2), 0xf534ddc0u, b3), 0xdb629599u, b4);
  let c = select(select(select(select(1313084713.0, 4230436817.0, b1), 4113882560.0, b2), 3680671129.0, b3), 1011060801.0, b4);
  let shift = u32(start) & 31u;
  let p = 1u << shift;
  let window = digits * (a * p + select(b >> ((32u - shift) & 31u), 0u, shift == 0u));
  let quarter = (window + 0x20000000u) & 0xc0000000u;
  let next = b * p;
  let v1 = f32(next & 0xfff00000u) * 2.16840434e-19;
  let v2 = (f32(next & 0xfffffu) + c * f32(p) * 2.32830644e-10) * 2.16840434e-19;
  let m1 = f32(digits & 0xfff000u);
  let m2 = f32(digits & 0xfffu);
  let turned = f32(bitcast<i32>(window - quarter)) * 9.31322575e-10;
  let r = fma(m1 + m2, v2, fma(m2, v1, fma(m1, v1, turned))) * 1.57079637;
  let negative = bits >= 0x80000000u;
  return Angle(select(quarter, 0u - quarter, negative), select(r, -r, negative));
}`,
  // x = k pi / 2 + r with |r| <= pi / 4, and k in the two highest bits. The parts of pi / 2 have so few bits that their products
  // with k are exact.
  reduce_angle: `
struct Angle { k: u32, r: f32 }
fn reduce_angle(x: f32) -> Angle {
  let bits = nearest_product(x, 0.636619772);
  let n = whole_of(bits);
  let r1 = apart(fma(n, -1.5703125, x), bits);
  let r2 = apart(fma(n, -0.000483751297, r1), bits);
  let r = fma(n, -2.56334407e-12, apart(fma(n, -7.54953362e-8, r2), bits));
  var angle = Angle(bits * 0x40000000u, r);
  if (abs(x) > 8192.0) { angle = reduce_large(x); }
  return angle;
}`,
  // sin(r + k pi / 2): the lower bit of k exchanges the functions, the upper one the sign.
  sin_turned: `
fn sin_turned(r: f32, k: u32) -> f32 {
  let y = select(sin_near(r), cos_near(r), (k & 0x40000000u) != 0u);
  return bitcast<f32>(bitcast<u32>(y) ^ (k & 0x80000000u));
}`,
  sin_of: `
fn sin_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  return nan_where(select(sin_turned(a.r, a.k), x, abs(x) < 1e-4), !is_finite(x));
}`,
  cos_of: `
fn cos_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  return nan_where(sin_turned(a.r, a.k + 0x40000000u), !is_finite(x));
}`,
  tan_of: `
fn tan_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  let s = sin_near(a.r);
  let c = cos_near(a.r);
  let swapped = (a.k & 0x40000000u) != 0u;
  let y = select(s, c, swapped) / select(c, -s, swapped);
  return nan_where(select(y, x, abs(x) < 1e-4), !is_finite(x));
}`,
  // sin(pi (x + shift / 2)), reduced exactly; 0 without a sign.
  sinpi_shifted: `
fn sinpi_shifted(x: f32, shift: u32) -> f32 {
  let rest = x - 2.0 * trunc(x * 0.5);
  let n = nearest(rest + rest);
  let y = sin_turned((rest - 0.5 * whole_of(n)) * 3.14159274, (n + shift) * 0x40000000u);
  return nan_where(select(y, 0.0, y == 0.0), !is_finite(x));
}`,
  sinpi_of: 'fn sinpi_of(x: f32) -> f32 { return select(sinpi_shifted(x, 0u), x * 3.14159274, abs(x) < 1e-4); }',
  cospi_of: 'fn cospi_of(x: f32) -> f32 { return sinpi_shifted(x, 1u); }',
};
