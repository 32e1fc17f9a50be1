// Small pieces that every kernel shares: multiply-add, masks, partial stores and 4x4 transposes of float32 vectors.

/** a * b + c, fused where the relaxed build allows it. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** All ones in the first `count` lanes (count >= 4 gives all four). */
// @ts-ignore: decorator
@inline
export function laneMask(count: i32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/** Stores the first `count` lanes; nothing behind them is written. */
// @ts-ignore: decorator
@inline
export function storeLanes(address: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(address, v);
  } else {
    storeSome(address, v, count);
  }
}

function storeSome(address: usize, v: v128, count: i32): void {
  if (count & 2) {
    v128.store64_lane(address, v, 0);
    if (count & 1) v128.store32_lane(address, v, 2, 8);
  } else if (count & 1) {
    v128.store32_lane(address, v, 0);
  }
}

// Halves of a 4x4 transpose: the transpose of rows a, b, c, d is
// low(low(a, b), low(c, d)), high(low(a, b), low(c, d)), low(high(a, b), high(c, d)), high(high(a, b), high(c, d)).

// @ts-ignore: decorator
@inline
export function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
export function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator
@inline
export function joinLow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
export function joinHigh(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 3, 6, 7);
}

/** The sums of the lanes of a, b, c and d, in that order. */
// @ts-ignore: decorator
@inline
export function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(interleaveLow(a, b), interleaveHigh(a, b));
  const cd = f32x4.add(interleaveLow(c, d), interleaveHigh(c, d));
  return f32x4.add(joinLow(ab, cd), joinHigh(ab, cd));
}
