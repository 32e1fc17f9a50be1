// What convolutions need of vectors beside gemm_vector.h.
#pragma once

#include "gemm_vector.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

// Vectors of half the length, for short rows.
template <class T>
struct HalfLanes;

template <>
struct HalfLanes<float> {
  static constexpr int count = 8;
  using Mask = __mmask8;
  static __m256 zero() { return _mm256_setzero_ps(); }
  static __m256 load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, __m256 v) { _mm256_storeu_ps(p, v); }
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static __m256 load(const float* p, Mask mask) { return _mm256_maskz_loadu_ps(mask, p); }
  static void store(float* p, __m256 v, Mask mask) { _mm256_mask_storeu_ps(p, mask, v); }
};

template <>
struct HalfLanes<double> {
  static constexpr int count = 4;
  using Mask = __mmask8;
  static __m256d zero() { return _mm256_setzero_pd(); }
  static __m256d load(const double* p) { return _mm256_loadu_pd(p); }
  static void store(double* p, __m256d v) { _mm256_storeu_pd(p, v); }
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static __m256d load(const double* p, Mask mask) { return _mm256_maskz_loadu_pd(mask, p); }
  static void store(double* p, __m256d v, Mask mask) { _mm256_mask_storeu_pd(p, mask, v); }
};

#else

template <class T>
using HalfLanes = Lanes<T>;

#endif

// The sums of the elements of four vectors. Adding them while they are transposed takes a quarter of the instructions of four
// sums of their own. (GCC 12 warns of its own header where a half is taken by an intrinsic.)
inline __m128 sumsOf(__m128 a, __m128 b, __m128 c, __m128 d) {
  const __m128 ab = _mm_unpacklo_ps(a, b) + _mm_unpackhi_ps(a, b), cd = _mm_unpacklo_ps(c, d) + _mm_unpackhi_ps(c, d);
  return _mm_movelh_ps(ab, cd) + _mm_movehl_ps(cd, ab);
}
inline __m128 sumsOf(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 ab = _mm256_unpacklo_ps(a, b) + _mm256_unpackhi_ps(a, b), cd = _mm256_unpacklo_ps(c, d) + _mm256_unpackhi_ps(c, d);
  const __m256 all = _mm256_shuffle_ps(ab, cd, 0x44) + _mm256_shuffle_ps(ab, cd, 0xee);
  return _mm256_castps256_ps128(all) + _mm256_extractf128_ps(all, 1);
}
inline __m256d sumsOf(__m256d a, __m256d b, __m256d c, __m256d d) {
  const __m256d ab = _mm256_hadd_pd(a, b), cd = _mm256_hadd_pd(c, d);
  return _mm256_permute2f128_pd(ab, cd, 0x20) + _mm256_permute2f128_pd(ab, cd, 0x31);
}
#ifdef __AVX512F__
inline __m256 halves(__m512 v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
inline __m256d halves(__m512d v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7); }
inline __m128 sumsOf(__m512 a, __m512 b, __m512 c, __m512 d) {
  auto pairs = [](__m512 x, __m512 y) {
    return __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
           __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  };
  const __m512 ab = pairs(a, b), cd = pairs(c, d);
  const __m256 all = halves(__builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
                            __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));
  return _mm256_castps256_ps128(all) + _mm256_extractf128_ps(all, 1);
}
inline __m256d sumsOf(__m512d a, __m512d b, __m512d c, __m512d d) { return sumsOf(halves(a), halves(b), halves(c), halves(d)); }
#endif

// p[i] += v[i] for i < count.
template <int count>
void addFirst(float* p, __m128 v) {
  if (count == 4) {
    _mm_storeu_ps(p, _mm_loadu_ps(p) + v);
  } else {
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) p[i] += v[i];
  }
}
template <int count>
void addFirst(double* p, __m256d v) {
  if (count == 4) {
    _mm256_storeu_pd(p, _mm256_loadu_pd(p) + v);
  } else {
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) p[i] += v[i];
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
