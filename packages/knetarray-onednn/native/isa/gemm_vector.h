// Vectors of the instruction set at hand, as much of them as matrix products and convolutions need. A mask covers the
// first lanes of a vector, or a range of them; memory of the others is not touched.
#pragma once

// The intrinsics of GCC 12 start from undefined registers, about which it warns wherever they are inlined.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <cstdint>

namespace knet::KNET_ISA {
namespace {

template <class T>
struct Lanes;

#ifdef __AVX512F__

template <>
struct Lanes<float> {
  using Vector = __m512;
  using Mask = __mmask16;
  static constexpr int count = 16;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector all(float x) { return _mm512_set1_ps(x); }
  static Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static Vector load(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
  static void store(float* p, Vector x) { _mm512_storeu_ps(p, x); }
  static void store(float* p, Vector x, Mask mask) { _mm512_mask_storeu_ps(p, mask, x); }
  static Vector multiply(Vector x, Vector y) { return _mm512_mul_ps(x, y); }
  static Vector add(Vector x, Vector y) { return _mm512_add_ps(x, y); }
  static Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm512_fmadd_ps(x, y, z); }
  static Mask first(int64_t lanes) { return static_cast<Mask>((1u << lanes) - 1); }
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static float sum(Vector x) { return _mm512_reduce_add_ps(x); }
};

template <>
struct Lanes<double> {
  using Vector = __m512d;
  using Mask = __mmask8;
  static constexpr int count = 8;
  static Vector zero() { return _mm512_setzero_pd(); }
  static Vector all(double x) { return _mm512_set1_pd(x); }
  static Vector load(const double* p) { return _mm512_loadu_pd(p); }
  static Vector load(const double* p, Mask mask) { return _mm512_maskz_loadu_pd(mask, p); }
  static void store(double* p, Vector x) { _mm512_storeu_pd(p, x); }
  static void store(double* p, Vector x, Mask mask) { _mm512_mask_storeu_pd(p, mask, x); }
  static Vector multiply(Vector x, Vector y) { return _mm512_mul_pd(x, y); }
  static Vector add(Vector x, Vector y) { return _mm512_add_pd(x, y); }
  static Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm512_fmadd_pd(x, y, z); }
  static Mask first(int64_t lanes) { return static_cast<Mask>((1u << lanes) - 1); }
  static Mask range(int64_t from, int64_t to) { return static_cast<Mask>((1u << to) - (1u << from)); }
  static double sum(Vector x) { return _mm512_reduce_add_pd(x); }
};

#else

template <>
struct Lanes<float> {
  using Vector = __m256;
  using Mask = __m256i;
  static constexpr int count = 8;
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector all(float x) { return _mm256_set1_ps(x); }
  static Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static Vector load(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
  static void store(float* p, Vector x) { _mm256_storeu_ps(p, x); }
  static void store(float* p, Vector x, Mask mask) { _mm256_maskstore_ps(p, mask, x); }
  static Vector multiply(Vector x, Vector y) { return _mm256_mul_ps(x, y); }
  static Vector add(Vector x, Vector y) { return _mm256_add_ps(x, y); }
  static Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm256_fmadd_ps(x, y, z); }
  static Mask first(int64_t lanes) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(lanes)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Mask range(int64_t from, int64_t to) {
    const __m256i at = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(from)), at),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(to)), at));
  }
  static float sum(Vector x) {
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
};

template <>
struct Lanes<double> {
  using Vector = __m256d;
  using Mask = __m256i;
  static constexpr int count = 4;
  static Vector zero() { return _mm256_setzero_pd(); }
  static Vector all(double x) { return _mm256_set1_pd(x); }
  static Vector load(const double* p) { return _mm256_loadu_pd(p); }
  static Vector load(const double* p, Mask mask) { return _mm256_maskload_pd(p, mask); }
  static void store(double* p, Vector x) { _mm256_storeu_pd(p, x); }
  static void store(double* p, Vector x, Mask mask) { _mm256_maskstore_pd(p, mask, x); }
  static Vector multiply(Vector x, Vector y) { return _mm256_mul_pd(x, y); }
  static Vector add(Vector x, Vector y) { return _mm256_add_pd(x, y); }
  static Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm256_fmadd_pd(x, y, z); }
  static Mask first(int64_t lanes) { return _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes), _mm256_setr_epi64x(0, 1, 2, 3)); }
  static Mask range(int64_t from, int64_t to) {
    const __m256i at = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_andnot_si256(_mm256_cmpgt_epi64(_mm256_set1_epi64x(from), at), _mm256_cmpgt_epi64(_mm256_set1_epi64x(to), at));
  }
  static double sum(Vector x) {
    const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
  }
};

#endif

}  // namespace
}  // namespace knet::KNET_ISA
