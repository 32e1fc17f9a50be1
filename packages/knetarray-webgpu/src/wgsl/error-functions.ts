/** Error functions of float32 and their inverses. The polynomials are minimax fits of this project. */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const errorFunctions: Functions = {
  // exp(x^2) erfc(x) (1 + 2 x) is a smooth function of (x - 2) / (x + 2) for x >= 0.
  erfcx_right: `
fn erfcx_right(x: f32) -> f32 {
  let c = min(x, 1e30);
  let q = (c - 2.0) / (c + 2.0);
  let p = ${polynomial('q', 1.27697837, -0.0927637145, -0.166031048, 0.164048538, -0.0542123206, -0.00801386964, 0.00869013742, 0.0012058724, -0.00139679108, -0.000346468296, 0.000161226737, 5.92311007e-5)};
  return select(0.0, p / fma(2.0, x, 1.0), is_finite(x));
}`,
  // exp(sign x^2); the leading bits of x square exactly.
  exp_square: `
fn exp_square(x: f32, sign: f32) -> f32 {
  let high = leading(x);
  let y = exp_of(sign * high * high);
  return y * (1.0 + expm1_near(sign * (x - high) * (x + high)));
}`,
  erfc_right: `
fn erfc_right(x: f32) -> f32 {
  let c = min(x, 11.0);
  return exp_square(c, -1.0) * erfcx_right(c);
}`,
  erf_of: `
fn erf_of(x: f32) -> f32 {
  let a = abs(x);
  let z = min(x * x, 1.0);
  let near = a * ${polynomial('z', 1.12837911, -0.37612626, 0.112835854, -0.0268538129, 0.00518832775, -0.000801019371, 7.85386073e-5)};
  return keep_nan(with_sign(select(near, 1.0 - erfc_right(a), a > 1.0), x), x);
}`,
  erfc_of: `
fn erfc_of(x: f32) -> f32 {
  let y = erfc_right(abs(x));
  return keep_nan(select(y, 2.0 - y, x < 0.0), x);
}`,
  erfcx_of: `
fn erfcx_of(x: f32) -> f32 {
  let a = abs(x);
  let y = erfcx_right(a);
  let left = infinite_where(fma(2.0, exp_square(min(a, 9.5), 1.0), -y), x < -9.4);
  return keep_nan(select(y, left, x < 0.0), x);
}`,
  // erfinv(y) / y as a function of w = -log(1 - y^2), or of its root.
  erfinv_ratio: `
fn erfinv_ratio(w: f32) -> f32 {
  let s = sqrt(w);
  let a = w - 2.5;
  let b = s - 3.25;
  let c = s - 7.0;
  let p = ${polynomial('a', 1.50140941, 0.246640727, -0.00417770771, -0.00125370745, 0.000218602188, -4.39678524e-6, -3.52886013e-6, 3.43727379e-7, 2.85349113e-8)};
  let q = ${polynomial('b', 3.08388543, 1.0052563, 0.00538117159, -0.00371366483, 0.0024284469, -0.00182463031, 0.00109188515, -0.00017690612, -0.000104988037)};
  let r = ${polynomial('c', 6.86901903, 1.00859594, -0.000510494399, 6.01943202e-6, 4.88001297e-6, -1.50878918e-6, 5.12077747e-7, -7.62679662e-8)};
  return select(p, select(q, r, s > 4.25), w > 5.0);
}`,
  erfinv_of: `
fn erfinv_of(y: f32) -> f32 {
  let a = abs(y);
  let x = a * erfinv_ratio(max(0.0, -log_of((1.0 - a) * (1.0 + a))));
  return keep_nan(with_sign(nan_where(infinite_where(x, a == 1.0), a > 1.0), y), y);
}`,
  // 1 - y^2 = z (2 - z), whose factors may be very small.
  erfcinv_of: `
fn erfcinv_of(z: f32) -> f32 {
  let y = 1.0 - z;
  let x = abs(y) * erfinv_ratio(max(0.0, -(log_of(z) + log_of(2.0 - z))));
  let outside = z > 2.0 || (bitcast<u32>(z) > 0x80000000u);
  return keep_nan(nan_where(with_sign(infinite_where(x, is_zero(z) || z == 2.0), y), outside), z);
}`,
};
