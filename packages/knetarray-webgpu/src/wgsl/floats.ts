/**
 * What float32 functions are made of. Compilers for GPUs may assume that there are no NaN and infinities, reorder sums and fuse
 * products with them; so special numbers are told by their bits, and numbers are split by masks of bits, which nobody sees through.
 */
import type { Functions } from './library.js';

/** See the file. */
export const floats: Functions = {
  is_nan: 'fn is_nan(x: f32) -> bool { return (bitcast<i32>(x) & 0x7fffffff) > 0x7f800000; }',
  is_finite: 'fn is_finite(x: f32) -> bool { return (bitcast<i32>(x) & 0x7fffffff) < 0x7f800000; }',
  is_zero: 'fn is_zero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0u; }',
  // y, but NaN where x is.
  keep_nan: 'fn keep_nan(y: f32, x: f32) -> f32 { return select(y, x, is_nan(x)); }',
  // Infinities and NaN are made at run time: as constants WGSL refuses them.
  nan_where: 'fn nan_where(y: f32, c: bool) -> f32 { return bitcast<f32>(select(bitcast<u32>(y), 0x7fc00000u, c)); }',
  infinite_where: 'fn infinite_where(y: f32, c: bool) -> f32 { return bitcast<f32>(select(bitcast<u32>(y), 0x7f800000u, c)); }',
  // y >= 0 with the sign of x; what is negative already stays so for negative x.
  with_sign: 'fn with_sign(y: f32, x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(y) | (bitcast<u32>(x) & 0x80000000u)); }',
  // The 12 leading bits: products of two such numbers are exact, and so is what is left of x.
  leading: 'fn leading(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }',
  // Truncated, modulo 2^32; 0 for NaN and infinities.
  to_int: `
fn to_int(x: f32) -> i32 {
  let bits = bitcast<u32>(x);
  let digits = (bits & 0x7fffffu) | 0x800000u;
  let shift = i32((bits >> 23u) & 255u) - 150;
  let whole = select(0u, digits >> u32(-shift & 31), shift > -24);
  let large = select(0u, digits << u32(shift & 31), shift < 32);
  let size = bitcast<i32>(select(whole, large, shift >= 0));
  return select(size, -size, bits >= 0x80000000u);
}`,
  // NaN if either is; +0 is larger than -0.
  max_of: `
fn max_of(a: f32, b: f32) -> f32 {
  let larger = select(b, a, a > b);
  let same = bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b));
  return keep_nan(keep_nan(select(larger, same, a == b), b), a);
}`,
  min_of: `
fn min_of(a: f32, b: f32) -> f32 {
  let smaller = select(b, a, a < b);
  let same = bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b));
  return keep_nan(keep_nan(select(smaller, same, a == b), b), a);
}`,
  sign_of: 'fn sign_of(x: f32) -> f32 { return select(select(x, -1.0, x < 0.0), 1.0, x > 0.0); }',
};
