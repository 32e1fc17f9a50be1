// Sums and largest elements of float32 vectors.
#pragma once

#include "lanes.h"

namespace knet::KNET_ISA {
namespace {

// Steps whose sum is formed in the type itself; longer sums are formed in double precision, block by block.
constexpr int64_t sumBlock = 64;

#ifdef __AVX512F__

using D = __m512d;
inline D lowHalf(F x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
inline D highHalf(F x) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
inline F joined(D low, D high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
}
inline D zeroHalf() { return _mm512_setzero_pd(); }
inline double sumOf(D x) { return _mm512_reduce_add_pd(x); }
// The vector with its elements exchanged over a distance of 8, 4, 2 or 1.
template <int distance>
F exchanged(F x) {
  if constexpr (distance == 8) return _mm512_shuffle_f32x4(x, x, 0x4e);
  if constexpr (distance == 4) return _mm512_shuffle_f32x4(x, x, 0xb1);
  return distance == 2 ? _mm512_permute_ps(x, 0x4e) : _mm512_permute_ps(x, 0xb1);
}
// Elements of b where the index has the bit of the distance, of a elsewhere.
template <int distance>
F alternating(F a, F b) {
  constexpr Mask masks[] = {0xaaaa, 0xcccc, 0xf0f0, 0xff00};
  return select(masks[distance == 1 ? 0 : distance == 2 ? 1 : distance == 4 ? 2 : 3], b, a);
}
inline F loadFirstOr(const float* p, int64_t n, F other) { return _mm512_mask_loadu_ps(other, firstOf(n), p); }

#else

using D = __m256d;
inline D lowHalf(F x) { return _mm256_cvtps_pd(_mm256_castps256_ps128(x)); }
inline D highHalf(F x) { return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)); }
inline F joined(D low, D high) { return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low)); }
inline D zeroHalf() { return _mm256_setzero_pd(); }
inline double sumOf(D x) {
  const __m128d half = _mm256_castpd256_pd128(x) + _mm256_extractf128_pd(x, 1);
  return half[0] + half[1];
}
template <int distance>
F exchanged(F x) {
  if constexpr (distance == 4) return _mm256_permute2f128_ps(x, x, 1);
  return distance == 2 ? _mm256_permute_ps(x, 0x4e) : _mm256_permute_ps(x, 0xb1);
}
template <int distance>
F alternating(F a, F b) {
  return _mm256_blend_ps(a, b, distance == 1 ? 0xaa : distance == 2 ? 0xcc : 0xf0);
}
inline F loadFirstOr(const float* p, int64_t n, F other) {
  return _mm256_blendv_ps(other, loadFirst(p, n), _mm256_castsi256_ps(firstOf(n)));
}

#endif

// exp(x) for x up to 0 or so. Where the result is 0, as for -Infinity, it is not computed: underflow costs a hundred cycles.
inline F expOfNegative(F x) {
  const Mask gone = less(x, set(-103.98f));
  return select(gone, set(0.0f), exp(select(gone, set(0.0f), x)));
}
inline double expOfNegative(double x) { return exp(x); }

struct Larger {
  static F apply(F a, F b) { return maxOrSecond(a, b); }
};
struct Plus {
  static F apply(F a, F b) { return a + b; }
};

// All elements combined, in every lane.
template <class Op, int distance = width / 2>
F combined(F x) {
  x = Op::apply(x, exchanged<distance>(x));
  if constexpr (distance > 1) return combined<Op, distance / 2>(x);
  return x;
}
inline F largest(F x) { return combined<Larger>(x); }
inline F total(F x) { return combined<Plus>(x); }

// The elements of as many vectors as there are lanes, combined: lane i is that of vector i. Overwrites the vectors.
template <class Op, int distance = width / 2>
F combinedEach(F* x) {
  for (int i = 0; i < distance; i++) {
    const F a = x[i], b = x[i + distance];
    x[i] = Op::apply(alternating<distance>(a, b), exchanged<distance>(alternating<distance>(b, a)));
  }
  if constexpr (distance > 1) return combinedEach<Op, distance / 2>(x);
  return x[0];
}

// A sum per lane that does not lose accuracy with its length.
template <class T>
class LaneSum;

template <>
class LaneSum<float> {
 public:
  void add(F x) {
    low_ = low_ + lowHalf(x);
    high_ = high_ + highHalf(x);
  }
  F value() const { return joined(low_, high_); }
  // The sum of all lanes.
  float whole() const { return static_cast<float>(sumOf(low_ + high_)); }

 private:
  D low_ = zeroHalf(), high_ = zeroHalf();
};

template <>
class LaneSum<double> {
 public:
  void add(double x) { value_ += x; }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

}  // namespace
}  // namespace knet::KNET_ISA
