/** Powers, cube roots and lengths of float32. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const powers: Functions = {
  // log2(x) of x > 0 as a sum; the first part has 12 bits. s = (m - 1) / (m + 1) is known to twice the precision, and
  // log(m) = 2 atanh(s); 2 / log(2) is 2.88476562 + 0.000624456792.
  log2_parts: `
fn log2_parts(x: f32) -> vec2<f32> {
  let p = split(x);
  let f = p.m - 1.0;
  let d = p.m + 1.0;
  let d1 = leading(d);
  let d2 = p.m - (d1 - 1.0);
  let s = f / d;
  let s1 = leading(s);
  let s2 = (f - s1 * d1 - s1 * d2) / d;
  let z = s * s;
  let q = ${polynomial('z', 0.333333343, 0.200000614, 0.142753258, 0.116673604)};
  let high = 2.88476562 * s1;
  let low = fma(2.88539004 * s * z, q, fma(2.88476562, s2, 0.000624456792 * s));
  let sum = leading(p.e + (high + low));
  return vec2<f32>(sum, ((p.e - sum) + high) + low);
}`,
  // |x|^y for finite x other than 0; y is cut off where every result is 0, 1 or too large.
  power_of_size: `
fn power_of_size(x: f32, y: f32) -> f32 {
  let l = log2_parts(abs(x));
  let c = limited(y, 1099511627776.0);
  let c1 = leading(c);
  let high = c1 * l.x;
  let low = fma(c - c1, l.x, c * l.y);
  let sum = high + low;
  let bits = nearest(limited(sum, 150.0));
  let r = limited((high - whole_of(bits)) + low, 1.0);
  return scale(exp2_near(r), bits, sum < 0.0);
}`,
  // As in JavaScript: NaN for a NaN exponent, and for an infinite one of a base 1 or -1; 1 for the exponent 0.
  pow_of: `
fn pow_of(x: f32, y: f32) -> f32 {
  let a = abs(x);
  let negative = bitcast<u32>(x) >= 0x80000000u;
  let whole = trunc(y) == y;
  let odd = whole && abs(y) < 16777216.0 && trunc(y * 0.5) * 2.0 != y;
  let edge = is_zero(x) || !is_finite(x);
  let grows = is_finite(x) == (y < 0.0);
  var result = select(power_of_size(x, y), 0.0, edge);
  result = infinite_where(result, edge && grows);
  result = nan_where(result, (negative && !whole && !edge) || (a == 1.0 && !is_finite(y)));
  result = select(result, -result, negative && odd);
  result = select(keep_nan(result, x), 1.0, is_zero(y));
  return keep_nan(result, y);
}`,
  // A third of the bits is 3 % off; two steps of Halley's method, each of which cubes the error.
  cbrt_step: `
fn cbrt_step(y: f32, a: f32) -> f32 {
  let t = a / (y * y);
  return y - y * ((y - t) / (y + y + t));
}`,
  cbrt_of: `
fn cbrt_of(x: f32) -> f32 {
  let size = bitcast<u32>(x) & 0x7fffffffu;
  let tiny = size < 0x800000u;
  let a = select(bitcast<f32>(size), f32(size) * 2.0, tiny);
  let y = cbrt_step(cbrt_step(bitcast<f32>(bitcast<u32>(a) / 3u + 0x2a510800u), a), a);
  let result = with_sign(select(y, y * 8.8817842e-16, tiny), x);
  return select(x, result, is_finite(x) && size > 0u);
}`,
  hypot_of: `
fn hypot_of(x: f32, y: f32) -> f32 {
  let big = max(abs(x), abs(y));
  let t = min(abs(x), abs(y)) / select(big, 1.0, big == 0.0);
  let length = keep_nan(keep_nan(big * sqrt(fma(t, t, 1.0)), x), y);
  return infinite_where(length, (!is_finite(x) && !is_nan(x)) || (!is_finite(y) && !is_nan(y)));
}`,
};
