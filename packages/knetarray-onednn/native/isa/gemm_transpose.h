// Square blocks turned in registers, for operands and results that lie the other way round.
#pragma once

#include "gemm_vector.h"

#define KNET_INLINE inline __attribute__((always_inline))

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

// Transposes 16 vectors of 16 floats: afterwards vector i holds lane i of all of them.
KNET_INLINE void transpose(__m512 (&x)[16]) {
  __m512 t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    for (int h = 0; h < 2; h++) {
      const __m512d low = _mm512_castps_pd(t[i + h]), high = _mm512_castps_pd(t[i + 2 + h]);
      x[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
      x[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m512 p = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88), q = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);
    const __m512 r = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88), s = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
    t[i] = _mm512_shuffle_f32x4(p, r, 0x88);
    t[i + 8] = _mm512_shuffle_f32x4(p, r, 0xdd);
    t[i + 4] = _mm512_shuffle_f32x4(q, s, 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(q, s, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) x[i] = t[i];
}

// Lane i is the sum of the lanes of x[i]. Halves are added as soon as they lie side by side: 30 shuffles where a transposition takes 64.
KNET_INLINE __m512 laneSums(const __m512 (&x)[16]) {
  const auto halves = [](__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  };
  __m512 quarters[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m512 a = halves(x[i], x[i + 4]), b = halves(x[i + 8], x[i + 12]);
    quarters[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  }
  const auto pairs = [](__m512 a, __m512 b) {
    const __m512d p = _mm512_castps_pd(a), q = _mm512_castps_pd(b);
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(p, q)), _mm512_castpd_ps(_mm512_unpackhi_pd(p, q)));
  };
  const __m512 a = pairs(quarters[0], quarters[1]), b = pairs(quarters[2], quarters[3]);
  return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

#else

// Transposes 8 vectors of 8 floats.
KNET_INLINE void transpose(__m256 (&x)[8]) {
  __m256 t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++) {
      x[i + 2 * h] = _mm256_shuffle_ps(t[i + h], t[i + 2 + h], 0x44);
      x[i + 2 * h + 1] = _mm256_shuffle_ps(t[i + h], t[i + 2 + h], 0xee);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) x[i] = t[i];
}

// Lane i is the sum of the lanes of x[i].
KNET_INLINE __m256 laneSums(const __m256 (&x)[8]) {
  __m256 halves[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
    halves[i] = _mm256_add_ps(_mm256_permute2f128_ps(x[i], x[i + 4], 0x20), _mm256_permute2f128_ps(x[i], x[i + 4], 0x31));
  return _mm256_hadd_ps(_mm256_hadd_ps(halves[0], halves[1]), _mm256_hadd_ps(halves[2], halves[3]));
}

#endif

}  // namespace
}  // namespace knet::KNET_ISA
