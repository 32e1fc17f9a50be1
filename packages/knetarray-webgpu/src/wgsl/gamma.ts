/** The gamma family in float32. The polynomials are minimax fits of this project; formulas as numbered in https://dlmf.nist.gov. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const gamma: Functions = {
  // For x > 0: Stirling's series (5.11.1) from 4.5 on; below, the function near 2 (5.7.3) and the logarithm of the factors
  // between x and there.
  lgamma_right: `
fn lgamma_right(x: f32) -> f32 {
  let c = clamp(x, 0.0, 5.0);
  let n = round(c);
  let z = c - n;
  let factor = select(select(select(c * (c + 1.0), c, n == 1.0), c - 1.0, n > 2.0), (c - 1.0) * (c - 2.0), n > 3.0);
  let large = x > 4.5;
  let l = log_of(select(select(factor, 1.0, n == 2.0), x, large));
  let p = ${polynomial('z', 0.322467029, -0.0673522428, 0.0205815248, -0.0073872013, 0.00287959934, -0.00117873482, 0.000568685122, -0.000268669741)};
  let near = fma(z, fma(z, p, 0.422784328), select(l, -l, n < 2.0));
  let t = 1.0 / max(x, 1.0);
  let s = t * t;
  let tail = t * ${polynomial('s', 0.0833333358, -0.00277777785, 0.000793650805)};
  let y = select(near, fma(x - 0.5, l - 1.0, 0.418938547 + tail), large);
  return infinite_where(y, is_zero(x) || !is_finite(x));
}`,
  // Reflection (5.5.3) for x < 0; Infinity at its poles, to which all large numbers belong.
  lgamma_of: `
fn lgamma_of(x: f32) -> f32 {
  let a = abs(x);
  let y = lgamma_right(a);
  let s = abs(sinpi_of(x));
  let left = infinite_where(log_of(3.14159274 / s) - log_of(a) - y, is_zero(s) || !is_finite(x));
  return keep_nan(select(y, left, x < -1e-10), x);
}`,
  // For x > 0: an asymptotic series (5.11.2) from 4 on; below, the terms of the recurrence (5.5.2) up to [1, 2], where the
  // function is a polynomial times the distance from its zero, of which the second part is -1.2e-8 times the slope there.
  digamma_right: `
fn digamma_right(x: f32) -> f32 {
  let c = min(x, 4.0);
  let steps = max(ceil(c) - 2.0, 0.0);
  let u = select(c - steps, c + 1.0, c < 1.0);
  let below = select(select(0.0, 1.0 / u, steps > 0.0) + select(0.0, 1.0 / (u + 1.0), steps > 1.0), -1.0 / c, c < 1.0);
  let t = u - 1.46163213;
  let p = ${polynomial('t', 0.967672288, -0.442762911, 0.258496255, -0.163957596, 0.107943214, -0.0719812959, 0.0473735854, -0.034075398, 0.0295257084, -0.0162213519)};
  let r = 1.0 / max(x, 1.0);
  let s = r * r;
  let tail = s * ${polynomial('s', 0.0833333358, -0.00833333377, 0.0039682542, -0.00416666688)};
  let y = select(fma(t, p, below - 1.20360392e-8), log_of(x) - fma(0.5, r, tail), x > 4.0);
  return infinite_where(y, !is_finite(x));
}`,
  // Reflection (5.5.4) for x < 0; NaN at its poles, but at 0 an infinity of the other sign.
  digamma_of: `
fn digamma_of(x: f32) -> f32 {
  let left = x < 0.0;
  let y = digamma_right(select(x, 1.0 - x, left));
  let s = sinpi_of(x);
  let reflected = nan_where(y - 3.14159274 * cospi_of(x) / s, is_zero(s) || !is_finite(x));
  let result = infinite_where(select(y, reflected, left), is_zero(x));
  return keep_nan(select(result, -result, bitcast<u32>(x) == 0u), x);
}`,
  // unit (n - 1)! / q^n, factor by factor: only a result overflows.
  polygamma_lead: `
fn polygamma_lead(n: i32, q: f32, unit: f32) -> f32 {
  var product = unit / q;
  for (var k = 1; k < n; k++) { product *= f32(k) / q; }
  return product;
}`,
  // n! times the sum of (q + k)^-(n + 1) over k >= 0, for q > 0: terms up to a number that is large against n, then the
  // Euler-Maclaurin formula (25.11.5). Where the sum is small it is computed in a unit that keeps its terms from underflow.
  polygamma_right: `
fn polygamma_right(n: i32, q: f32) -> f32 {
  let m = f32(n);
  let unit = select(1.0, 18446744073709551616.0, q > max(1.0, 0.6 * m));
  let first = polygamma_lead(n, q, unit) * (m / q);
  var sum = 0.0;
  var x = q;
  for (; x < m + 7.0; x += 1.0) {
    var power = first;
    let ratio = q / x;
    for (var k = 0; k <= n; k++) { power *= ratio; }
    sum += select(power, 0.0, is_nan(power));
  }
  let t = 1.0 / (x * x);
  let b = m * (m + 1.0) * t / 12.0;
  let c = -b * (m + 2.0) * (m + 3.0) * t / 60.0;
  let d = -c * (m + 4.0) * (m + 5.0) * t / 42.0;
  let e = -d * (m + 6.0) * (m + 7.0) * t / 40.0;
  return (sum + polygamma_lead(n, x, unit) * (1.0 + m / (x + x) + b + c + d + e)) / unit;
}`,
  // For x < 0 the sum over every whole number depends on the fraction f of -x alone: take it there, and subtract the terms below
  // x. For even n the sums at f and 1 - f have different signs, and the larger one decides where both are too large.
  polygamma_left: `
fn polygamma_left(n: i32, x: f32) -> f32 {
  let f = -x - floor(-x);
  let even = (n & 1) == 0;
  let sign = select(1.0, -1.0, even);
  var sum = 0.0;
  for (var part = select(0, 2, even && f == 0.5); part < 3; part++) {
    let q = select(select(1.0 - x, f, part == 1), 1.0 - f, part == 0);
    sum += polygamma_right(n, q) * select(select(-sign, sign, part == 1), 1.0, part == 0);
  }
  let beyond = is_nan(sum) || f == 0.0;
  let result = infinite_where(sum, beyond);
  let known = select(result, -result, beyond && even && f < 0.5 && f > 0.0);
  return nan_where(known, !is_finite(x) || (f == 0.0 && even && x < -0.5));
}`,
  // Derivative number n = 0 .. 100 of digamma; NaN for another n, as a kernel has nobody to tell.
  polygamma_of: `
fn polygamma_of(order: f32, x: f32) -> f32 {
  let n = clamp(to_int(order), 0, 100);
  var y = 0.0;
  if (n == 0) { y = digamma_of(x); }
  else if (x > 0.0) { y = polygamma_right(n, x); }
  else { y = polygamma_left(n, x); }
  // Odd derivatives are positive; at -0 the pole of an even one is, too.
  let result = select(-y, y, n == 0 || (n & 1) != 0 || bitcast<u32>(x) == 0x80000000u);
  return keep_nan(keep_nan(nan_where(result, f32(n) != order), order), x);
}`,
};
