// Normal numbers from uniform ones, in vectors of float64: r cos(angle), r sin(angle) with r = sqrt(-2 ln(1 - u)), angle = 2 pi v (Box and
// Muller 1958). The series below are exact to the last bit or nearly: normal float32 numbers are the rounded exact ones with
// very few exceptions.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "random.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__
constexpr int doubles = 8;
#else
constexpr int doubles = 4;
#endif
typedef double Doubles __attribute__((vector_size(8 * doubles)));
typedef int64_t Longs __attribute__((vector_size(8 * doubles)));

inline Doubles squareRoot(Doubles x) {
#ifdef __AVX512F__
  return reinterpret_cast<Doubles>(_mm512_maskz_sqrt_pd(0xff, reinterpret_cast<__m512d>(x)));
#else
  return reinterpret_cast<Doubles>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(x)));
#endif
}

// A whole number of small size is the mantissa of the sum with this one, as bits and, when it is subtracted again, as a number.
constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52

// ln x for x in (0, 1], normal: x = 2^k m with m in [sqrt(1/2), sqrt(2)), and ln m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...) for
// s = f / (2 + f), f = m - 1, where 2 s = f - s f.
inline Doubles logarithm(Doubles x) {
  const Longs bits = reinterpret_cast<Longs>(x);
  const Longs rootHalf = Longs{} + 0x3fe6a09e667f3bcd;
  // The exponent above that of sqrt(1/2), made positive so that a logical shift does.
  const Longs exponent = (bits - rootHalf + (int64_t{1} << 62)) >> 52;
  const Longs k = exponent - (int64_t{1} << 10);
  const Doubles power = reinterpret_cast<Doubles>(k + reinterpret_cast<Longs>(Doubles{} + rounder)) - rounder;
  const Doubles f = reinterpret_cast<Doubles>(bits - (k << 52)) - 1.0;
  const Doubles s = f / (2.0 + f), z = s * s;
  Doubles series = Doubles{} + 2.0 / 23;
  for (int n = 21; n >= 3; n -= 2) series = series * z + 2.0 / n;
  // ln 2 in two parts, the first with zeros at its end, so that its product with a power is exact.
  constexpr double ln2High = 0x1.62e42fee00000p-1, ln2Low = 0x1.a39ef35793c76p-33;
  return power * ln2High - ((s * (f - series * z) - power * ln2Low) - f);
}

// The cosine and the sine of an angle from 0 to 2 pi: the angle less the nearest multiple of pi/2, and Taylor's series.
inline void cosineSine(Doubles angle, Doubles& cosine, Doubles& sine) {
  const Doubles sum = angle * 0x1.45f306dc9c883p-1 + rounder;  // angle / (pi/2)
  const Doubles quarter = sum - rounder;
  const Longs turn = reinterpret_cast<Longs>(sum) & 3;
  // pi/2 in two parts. The first product is exact but for three quarters, where the subtraction is fused with it.
  constexpr double halfPi = 0x1.921fb54442d18p+0, halfPiRest = 0x1.1a62633145c07p-54;
  const Doubles x = (angle - quarter * halfPi) - quarter * halfPiRest;
  const Doubles z = x * x;
  Doubles s = Doubles{} + 1.0, c = Doubles{} + 1.0;
  for (int n = 16; n >= 4; n -= 2) s = 1.0 - s * z * (1.0 / (n * (n + 1)));
  for (int n = 16; n >= 4; n -= 2) c = 1.0 - c * z * (1.0 / (n * (n - 1)));
  s = x - x * (z * s * (1.0 / 6));
  c = 1.0 - z * c * 0.5;
  const Longs odd = (turn & 1) != 0;
  const Longs sign = Longs{} + INT64_MIN;
  cosine = reinterpret_cast<Doubles>(reinterpret_cast<Longs>(odd ? s : c) ^ (((turn + 1) << 62) & sign));
  sine = reinterpret_cast<Doubles>(reinterpret_cast<Longs>(odd ? c : s) ^ ((turn << 62) & sign));
}

// Pairs of uniform numbers u, v become pairs of normal ones.
inline void boxMuller(Doubles& u, Doubles& v) {
  constexpr double twoPi = 0x1.921fb54442d18p+2;
  const Doubles r = squareRoot(-2.0 * logarithm(1.0 - u));
  Doubles cosine, sine;
  cosineSine(twoPi * v, cosine, sine);
  u = r * cosine;
  v = r * sine;
}

}  // namespace
}  // namespace knet::KNET_ISA
