// Vectors of one register, of float or double, with loads and stores of some of their elements. Memory of the others is not touched.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace knet::KNET_ISA {
namespace {

template <class T>
struct Lanes;

#ifdef __AVX512F__

template <>
struct Lanes<float> {
  using Vector = __m512;
  static constexpr int count = 16;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector all(float x) { return _mm512_set1_ps(x); }
  static Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  using Mask = __mmask16;
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static Vector load(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
  static void store(float* p, Vector v, Mask mask) { _mm512_mask_storeu_ps(p, mask, v); }
};

template <>
struct Lanes<double> {
  using Vector = __m512d;
  static constexpr int count = 8;
  static Vector zero() { return _mm512_setzero_pd(); }
  static Vector all(double x) { return _mm512_set1_pd(x); }
  static Vector load(const double* p) { return _mm512_loadu_pd(p); }
  static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_pd(a, b, c); }
  using Mask = __mmask8;
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static Vector load(const double* p, Mask mask) { return _mm512_maskz_loadu_pd(mask, p); }
  static void store(double* p, Vector v, Mask mask) { _mm512_mask_storeu_pd(p, mask, v); }
};

#else

template <>
struct Lanes<float> {
  using Vector = __m256;
  static constexpr int count = 8;
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector all(float x) { return _mm256_set1_ps(x); }
  static Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  using Mask = __m256i;
  static Mask range(int64_t from, int64_t to) {
    const __m256i at = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(from)), at),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(to)), at));
  }
  static Vector load(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
  static void store(float* p, Vector v, Mask mask) { _mm256_maskstore_ps(p, mask, v); }
};

template <>
struct Lanes<double> {
  using Vector = __m256d;
  static constexpr int count = 4;
  static Vector zero() { return _mm256_setzero_pd(); }
  static Vector all(double x) { return _mm256_set1_pd(x); }
  static Vector load(const double* p) { return _mm256_loadu_pd(p); }
  static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
  using Mask = __m256i;
  static Mask range(int64_t from, int64_t to) {
    const __m256i at = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_andnot_si256(_mm256_cmpgt_epi64(_mm256_set1_epi64x(from), at), _mm256_cmpgt_epi64(_mm256_set1_epi64x(to), at));
  }
  static Vector load(const double* p, Mask mask) { return _mm256_maskload_pd(p, mask); }
  static void store(double* p, Vector v, Mask mask) { _mm256_maskstore_pd(p, mask, v); }
};

#endif

// Sum of the elements, by halves.
inline float sumOf(__m128 v) {
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}
inline double sumOf(__m128d v) { return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))); }
inline float sumOf(__m256 v) { return sumOf(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1))); }
inline double sumOf(__m256d v) { return sumOf(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1))); }
#ifdef __AVX512F__
// GCC 12 warns of its own header where a half is taken by an intrinsic.
inline float sumOf(__m512 v) {
  return sumOf(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}
inline double sumOf(__m512d v) {
  return sumOf(__builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7));
}
#endif

}  // namespace
}  // namespace knet::KNET_ISA
