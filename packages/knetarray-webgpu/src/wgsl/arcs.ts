/**
 * Inverse trigonometric functions of float32. Constants in two parts are joined by `fma`: in plain sums compilers would add up the
 * parts.
 */
import { type Functions, polynomial } from './library.js';

/** See the file. */
export const arcs: Functions = {
  // atan(t) for t in [0, 1]: above tan(pi / 8) it is pi / 4 and the angle of (t - 1) / (t + 1).
  atan_near: `
fn atan_near(t: f32) -> f32 {
  let far = t > 0.414213562;
  let u = select(t, (t - 1.0) / (t + 1.0), far);
  let z = u * u;
  let p = ${polynomial('z', -3.333331645e-1, 1.999847889e-1, -1.424362808e-1, 1.059427336e-1, -6.078849733e-2)};
  return select(0.0, 0.785398185, far) + (fma(z * u, p, u) + select(0.0, -2.18556941e-8, far));
}`,
  atan_of: `
fn atan_of(x: f32) -> f32 {
  let a = min(abs(x), 1e30);
  let far = a > 1.0;
  let t = atan_near(select(a, 1.0 / a, far));
  return keep_nan(with_sign(select(t, fma(-1.0, t + 4.37113883e-8, 1.57079637), far), x), x);
}`,
  // The angle of (big, small), then by reflections that of (x, y); infinities count as equal.
  atan2_of: `
fn atan2_of(y: f32, x: f32) -> f32 {
  let a = abs(x);
  let b = abs(y);
  let big = max(a, b);
  let t = select(min(a, b) / select(big, 1.0, big == 0.0), 1.0, a == b && big > 0.0);
  let near = atan_near(select(t, 0.0, !is_finite(big) && a != b));
  let steep = select(near, fma(-1.0, near + 4.37113883e-8, 1.57079637), b > a);
  let left = select(steep, fma(-1.0, steep + 8.74227766e-8, 3.14159274), bitcast<u32>(x) >= 0x80000000u);
  return keep_nan(keep_nan(with_sign(left, y), x), y);
}`,
  // asin(s) for s in [0, 1/2]; z = s^2.
  asin_near: `
fn asin_near(s: f32, z: f32) -> f32 {
  return fma(s * z, ${polynomial('z', 0.166667536, 0.0749524161, 0.0454771034, 0.024147572, 0.0422186181)}, s);
}`,
  // Above 1/2 pi / 2 - 2 asin(sqrt((1 - x) / 2)).
  asin_of: `
fn asin_of(x: f32) -> f32 {
  let a = abs(x);
  let far = a > 0.5;
  let z = select(a * a, fma(a, -0.5, 0.5), far);
  let y = asin_near(select(a, sqrt(z), far), z);
  let result = with_sign(select(y, fma(-2.0, y + 2.18556941e-8, 1.57079637), far), x);
  return keep_nan(nan_where(result, a > 1.0), x);
}`,
  acos_of: `
fn acos_of(x: f32) -> f32 {
  let a = abs(x);
  let far = a > 0.5;
  let z = select(a * a, fma(a, -0.5, 0.5), far);
  let y = asin_near(select(x, sqrt(z), far), z);
  let left = fma(-2.0, y + 4.37113883e-8, 3.14159274);
  let result = select(fma(-1.0, y + 4.37113883e-8, 1.57079637), select(y + y, left, x < 0.0), far);
  return keep_nan(nan_where(result, a > 1.0), x);
}`,
};
