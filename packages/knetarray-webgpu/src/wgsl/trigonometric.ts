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
  // The upper half of a product.
  mul_high: `
fn mul_high(a: u32, b: u32) -> u32 {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let middle = ah * bl + ((al * bl) >> 16u);
  let low = al * bh + (middle & 0xffffu);
  return ah * bh + (middle >> 16u) + (low >> 16u);
}`,
  // A large angle in quarters of a turn, by the method of Payne and Hanek: x is a whole number times a power of 2, so that of the
  // product with 2 / pi only 96 bits from the multiples of 4 downwards matter. The table is 2 / pi after 32 zeros.
  reduce_large: `
fn reduce_large(x: f32) -> Angle {
  let bits = bitcast<u32>(x);
  let digits = (bits & 0x7fffffu) | 0x800000u;
  let start = ((bits >> 23u) & 255u) - 120u;
  var table = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let word = min(start >> 5u, 4u);
  let shift = start & 31u;
  let back = (32u - shift) & 31u;
  let fill = select(0xffffffffu, 0u, shift == 0u);
  let w0 = (table[word] << shift) | ((table[word + 1u] >> back) & fill);
  let w1 = (table[word + 1u] << shift) | ((table[word + 2u] >> back) & fill);
  let w2 = (table[word + 2u] << shift) | ((table[word + 3u] >> back) & fill);
  let product = digits * w1;
  let low = product + mul_high(digits, w2);
  let high = digits * w0 + mul_high(digits, w1) + select(0u, 1u, low < product);
  let quarter = (high + 0x20000000u) >> 30u;
  let rest = bitcast<i32>(high - (quarter << 30u));
  let r = fma(f32(rest), 1.46291808e-9, f32(low) * 3.40612158e-19);
  let k = bitcast<i32>(quarter);
  return Angle(select(k, -k, bits >= 0x80000000u), select(r, -r, bits >= 0x80000000u));
}`,
  // x = k pi / 2 + r with |r| <= pi / 4. The parts of pi / 2 have so few bits that their products with k are exact. The loop runs
  // once at most: a processor steps over it when all its angles are small, which it would not do with an if.
  reduce_angle: `
struct Angle { k: i32, r: f32 }
fn reduce_angle(x: f32) -> Angle {
  let k = bitcast<i32>(fma(x, 0.636619772, 12582912.0)) - 0x4b400000;
  let n = f32(k);
  var angle = Angle(k, fma(n, -2.56334407e-12, fma(n, -7.54953362e-8, fma(n, -0.000483751297, fma(n, -1.5703125, x)))));
  for (var large = abs(x) > 8192.0; large; large = false) {
    angle = reduce_large(x);
  }
  return angle;
}`,
  // Bit 0 of k exchanges the functions, bit 1 the sign.
  sin_of: `
fn sin_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  let y = select(sin_near(a.r), cos_near(a.r), (a.k & 1) != 0);
  return nan_where(select(select(y, -y, (a.k & 2) != 0), x, abs(x) < 1e-4), !is_finite(x));
}`,
  cos_of: `
fn cos_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  let y = select(cos_near(a.r), sin_near(a.r), (a.k & 1) != 0);
  return nan_where(select(y, -y, ((a.k + 1) & 2) != 0), !is_finite(x));
}`,
  tan_of: `
fn tan_of(x: f32) -> f32 {
  let a = reduce_angle(x);
  let s = sin_near(a.r);
  let c = cos_near(a.r);
  let swapped = (a.k & 1) != 0;
  let y = select(s, c, swapped) / select(c, -s, swapped);
  return nan_where(select(y, x, abs(x) < 1e-4), !is_finite(x));
}`,
  // sin(pi (x + shift / 2)), reduced exactly.
  sinpi_shifted: `
fn sinpi_shifted(x: f32, shift: i32) -> f32 {
  let r = x - 2.0 * round(x * 0.5);
  let n = round(r + r);
  let t = (r - 0.5 * n) * 3.14159274;
  let k = to_int(n) + shift;
  let y = select(sin_near(t), cos_near(t), (k & 1) != 0);
  return nan_where(select(y, 0.0 - y, (k & 2) != 0), !is_finite(x));
}`,
  sinpi_of: 'fn sinpi_of(x: f32) -> f32 { return select(sinpi_shifted(x, 0), x * 3.14159274, abs(x) < 1e-4); }',
  cospi_of: 'fn cospi_of(x: f32) -> f32 { return sinpi_shifted(x, 1); }',
};
