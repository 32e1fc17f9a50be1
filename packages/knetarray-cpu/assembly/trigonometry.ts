// Sine and cosine of four floats: the argument is reduced in float64, the polynomials are float32.

// @ts-ignore: decorator
@external('math', 'sin')
declare function hostSin(x: f64): f64;
// @ts-ignore: decorator
@external('math', 'cos')
declare function hostCos(x: f64): f64;

// Beyond this the product of the quotient and the first part of pi / 2 is no longer exact; the host's function takes over.
const LIMIT: f32 = 1e6;

// @ts-ignore: decorator
@inline
function quotient(x: v128): v128 {
  return f64x2.nearest(f64x2.mul(x, f64x2.splat(0.63661977236758134308)));
}

/** x - q * pi / 2 with pi / 2 in a part of 33 bits and the rest. */
// @ts-ignore: decorator
@inline
function remainder(x: v128, q: v128): v128 {
  const r = f64x2.sub(x, f64x2.mul(q, f64x2.splat(1.57079632673412561417)));
  return f64x2.sub(r, f64x2.mul(q, f64x2.splat(6.07710050650619224932e-11)));
}

// @ts-ignore: decorator
@inline
function hostLane(x: f32, y: f32, cosine: bool): f32 {
  if (!(abs(x) > LIMIT)) return y;
  return <f32>(cosine ? hostCos(x) : hostSin(x));
}

function beyond(x: v128, y: v128, cosine: bool): v128 {
  return f32x4(
    hostLane(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0), cosine),
    hostLane(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1), cosine),
    hostLane(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2), cosine),
    hostLane(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3), cosine),
  );
}

/** sin(x), or sin(x + pi / 2) = cos(x). */
export function sine(x: v128, cosine: bool): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
  const qLow = quotient(low), qHigh = quotient(high);
  let q = v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(qLow), i32x4.trunc_sat_f64x2_s_zero(qHigh), 0, 1, 4, 5);
  const r = v128.shuffle<f32>(f32x4.demote_f64x2_zero(remainder(low, qLow)), f32x4.demote_f64x2_zero(remainder(high, qHigh)), 0, 1, 4, 5);
  if (cosine) q = i32x4.add(q, i32x4.splat(1));
  const z = f32x4.mul(r, r);
  let s = f32x4.add(f32x4.mul(f32x4.splat(-1.9515295891e-4), z), f32x4.splat(8.3321608736e-3));
  s = f32x4.add(f32x4.mul(s, z), f32x4.splat(-1.6666654611e-1));
  s = f32x4.add(f32x4.mul(f32x4.mul(s, z), r), r);
  let c = f32x4.add(f32x4.mul(f32x4.splat(2.443315711809948e-5), z), f32x4.splat(-1.388731625493765e-3));
  c = f32x4.add(f32x4.mul(c, z), f32x4.splat(4.166664568298827e-2));
  c = f32x4.sub(f32x4.mul(f32x4.mul(c, z), z), f32x4.mul(z, f32x4.splat(0.5)));
  c = f32x4.add(c, f32x4.splat(1));
  const odd = i32x4.shr_s(i32x4.shl(q, 31), 31);
  let y = v128.bitselect(c, s, odd);
  y = v128.xor(y, i32x4.shl(i32x4.shr_u(q, 1), 31));
  if (!cosine) y = v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(0))); // the sign of a zero
  if (v128.any_true(f32x4.gt(f32x4.abs(x), f32x4.splat(LIMIT)))) y = beyond(x, y, cosine);
  return y;
}
