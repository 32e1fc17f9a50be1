// Sums of float32 elements, accumulated in float64: out is an array of float64 that the sums are added to.

// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
}

/** out[j] += sum of run j; runs of `length` elements follow each other. */
export function sumRuns(x: usize, length: i32, runs: i32, out: usize): void {
  for (; runs > 0; runs--) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let n = length;
    for (; n >= 8; n -= 8) {
      const u = v128.load(x), v = v128.load(x, 16);
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(u));
      s1 = f64x2.add(s1, high(u));
      s2 = f64x2.add(s2, f64x2.promote_low_f32x4(v));
      s3 = f64x2.add(s3, high(v));
      x += 32;
    }
    s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
    let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
    for (; n > 0; n--) {
      sum += <f64>f32.load(x);
      x += 4;
    }
    f64.store(out, f64.load(out) + sum);
    out += 8;
  }
}

/** out[i] += sum over j < length of x[i + j * inner], for i < inner, then the same for the next `outer - 1` matrices. */
export function sumColumns(x: usize, inner: i32, length: i32, outer: i32, out: usize): void {
  const step = 4 * inner;
  for (; outer > 0; outer--) {
    let i = inner;
    let at = x;
    for (; i >= 8; i -= 8) {
      let s0 = v128.load(out), s1 = v128.load(out, 16), s2 = v128.load(out, 32), s3 = v128.load(out, 48);
      let from = at;
      for (let n = length; n > 0; n--) {
        const u = v128.load(from), v = v128.load(from, 16);
        s0 = f64x2.add(s0, f64x2.promote_low_f32x4(u));
        s1 = f64x2.add(s1, high(u));
        s2 = f64x2.add(s2, f64x2.promote_low_f32x4(v));
        s3 = f64x2.add(s3, high(v));
        from += step;
      }
      v128.store(out, s0);
      v128.store(out, s1, 16);
      v128.store(out, s2, 32);
      v128.store(out, s3, 48);
      at += 32;
      out += 64;
    }
    for (; i > 0; i--) {
      let sum = f64.load(out);
      let from = at;
      for (let n = length; n > 0; n--) {
        sum += <f64>f32.load(from);
        from += step;
      }
      f64.store(out, sum);
      at += 4;
      out += 8;
    }
    x += step * length;
  }
}
