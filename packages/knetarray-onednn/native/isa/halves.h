// Windows of 2 x 2 with stride 2: each pair of rows of x gives a row of maxima. Left against right first, then above against below:
// the earlier one of two stays unless the later one is larger or is the first NaN, which is the order of a window's elements.
#pragma once

#include <immintrin.h>

#include "pooling.h"

namespace knet::KNET_ISA {
namespace {

// Whether b, which comes after a, takes its place.
template <class T>
bool later(T a, T b) {
  return !(b <= a) & (a == a);
}

// The pair of rows of x behind one row of the output.
struct RowPair {
  int64_t start;  // element of x at its upper left
  int64_t row;    // within its plane
  int64_t plane;

  RowPair(const Pooling& g, int64_t r) : row(r % g.y[1]), plane(r / g.y[1]) { start = plane * g.x[0] * g.x[1] + 2 * row * g.x[0]; }
  void next(const Pooling& g) {
    start += 2 * g.x[0];
    if (++row < g.y[1]) return;
    row = 0;
    start = ++plane * g.x[0] * g.x[1];
  }
};

#ifdef __AVX512F__

// Sixteen windows: their elements above and below in two vectors each, of which `evens` chooses the left ones.
struct Sixteen {
  __m512i evens;
  __m512i odds;
  __m512i width;

  static __mmask16 later(__m512 a, __m512 b) {
    const __mmask16 larger = _mm512_cmp_ps_mask(b, a, _CMP_NLE_UQ);
    return _mm512_mask_cmp_ps_mask(larger, a, a, _CMP_ORD_Q);
  }
  void run(__m512 above0, __m512 above1, __m512 below0, __m512 below1, __m512i places, float* y, int32_t* where, __mmask16 stored) const {
    const __m512 a = _mm512_permutex2var_ps(above0, evens, above1), b = _mm512_permutex2var_ps(above0, odds, above1);
    const __m512 c = _mm512_permutex2var_ps(below0, evens, below1), d = _mm512_permutex2var_ps(below0, odds, below1);
    const __m512i one = _mm512_set1_epi32(1), placesBelow = _mm512_add_epi32(places, width);
    const __mmask16 right = later(a, b), lowRight = later(c, d);
    const __m512 high = _mm512_mask_blend_ps(right, a, b), low = _mm512_mask_blend_ps(lowRight, c, d);
    const __mmask16 down = later(high, low);
    const __m512i highPlaces = _mm512_mask_add_epi32(places, right, places, one);
    const __m512i lowPlaces = _mm512_mask_add_epi32(placesBelow, lowRight, placesBelow, one);
    _mm512_mask_storeu_ps(y, stored, _mm512_mask_blend_ps(down, high, low));
    _mm512_mask_storeu_epi32(where, stored, _mm512_mask_blend_epi32(down, highPlaces, lowPlaces));
  }
};

// The first `n` of sixteen lanes.
inline __mmask16 lanes(int64_t n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1); }

// A pair of rows, sixteen windows at a time.
inline void halvePair(const Sixteen& sixteen, const float* above, int64_t width, int64_t start, float* y, int32_t* where, int64_t n) {
  __m512i places = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int32_t>(start)), sixteen.evens);
  for (int64_t i = 0; i < n; i += 16, places = _mm512_add_epi32(places, _mm512_set1_epi32(32))) {
    const __mmask16 first = lanes(2 * (n - i)), second = lanes(2 * (n - i) - 16);
    const float* const p = above + 2 * i;
    const float* const q = p + width;
    sixteen.run(_mm512_maskz_loadu_ps(first, p), _mm512_maskz_loadu_ps(second, p + 16), _mm512_maskz_loadu_ps(first, q),
                _mm512_maskz_loadu_ps(second, q + 16), places, y + i, where + i, lanes(n - i));
  }
}

inline void halveRows(const Pooling& g, const float* x, float* y, int32_t* where, int64_t begin, int64_t end) {
  const int64_t width = g.x[0], n = g.y[0];
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i evens = _mm512_slli_epi32(lane, 1), one = _mm512_set1_epi32(1), step = _mm512_set1_epi32(static_cast<int32_t>(width));
  RowPair pair(g, begin);
  int64_t r = begin;
  if (n <= 8) {
    // Short rows: two pairs at a time, the second in the lanes from n on.
    const __mmask16 second = static_cast<__mmask16>(~lanes(n)), loaded = lanes(2 * n), stored = lanes(2 * n);
    const __m512i local = _mm512_mask_sub_epi32(evens, second, evens, _mm512_set1_epi32(static_cast<int32_t>(2 * n)));
    const __m512i chosen = _mm512_mask_add_epi32(local, second, local, _mm512_set1_epi32(16));
    const Sixteen sixteen{chosen, _mm512_add_epi32(chosen, one), step};
    for (; r + 2 <= end; r += 2) {
      const int64_t from = pair.start;
      pair.next(g);
      const float* const p = x + from;
      const float* const q = x + pair.start;
      const __m512i starts = _mm512_mask_blend_epi32(second, _mm512_set1_epi32(static_cast<int32_t>(from)),
                                                     _mm512_set1_epi32(static_cast<int32_t>(pair.start)));
      sixteen.run(_mm512_maskz_loadu_ps(loaded, p), _mm512_maskz_loadu_ps(loaded, q), _mm512_maskz_loadu_ps(loaded, p + width),
                  _mm512_maskz_loadu_ps(loaded, q + width), _mm512_add_epi32(starts, local), y + r * n, where + r * n, stored);
      pair.next(g);
    }
  }
  const Sixteen sixteen{evens, _mm512_add_epi32(evens, one), step};
  for (; r < end; r++, pair.next(g)) halvePair(sixteen, x + pair.start, width, pair.start, y + r * n, where + r * n, n);
}

#else

// Where b, which comes after a, takes its place, in every lane.
inline __m256 laterLanes(__m256 a, __m256 b) { return _mm256_and_ps(_mm256_cmp_ps(b, a, _CMP_NLE_UQ), _mm256_cmp_ps(a, a, _CMP_ORD_Q)); }

// The first n of eight lanes.
inline __m256i lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(n)), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

// Eight windows: of sixteen elements in a row those at even or at odd positions.
template <int odd>
__m256 alternate(__m256 a, __m256 b) {
  const __m256d halves = _mm256_castps_pd(_mm256_shuffle_ps(a, b, odd ? 0xdd : 0x88));
  return _mm256_castpd_ps(_mm256_permute4x64_pd(halves, 0xd8));
}

inline void halveRows(const Pooling& g, const float* x, float* y, int32_t* where, int64_t begin, int64_t end) {
  const int64_t width = g.x[0], n = g.y[0];
  const __m256i evens = _mm256_set_epi32(14, 12, 10, 8, 6, 4, 2, 0), step = _mm256_set1_epi32(static_cast<int32_t>(width));
  RowPair pair(g, begin);
  for (int64_t r = begin; r < end; r++, pair.next(g)) {
    for (int64_t i = 0; i < n; i += 8) {
      const __m256i first = lanes(2 * (n - i)), second = lanes(2 * (n - i) - 8), stored = lanes(n - i);
      const float* const p = x + pair.start + 2 * i;
      const float* const q = p + width;
      const __m256 above0 = _mm256_maskload_ps(p, first), above1 = _mm256_maskload_ps(p + 8, second);
      const __m256 below0 = _mm256_maskload_ps(q, first), below1 = _mm256_maskload_ps(q + 8, second);
      const __m256 a = alternate<0>(above0, above1), b = alternate<1>(above0, above1);
      const __m256 c = alternate<0>(below0, below1), d = alternate<1>(below0, below1);
      const __m256 right = laterLanes(a, b), lowRight = laterLanes(c, d);
      const __m256 high = _mm256_blendv_ps(a, b, right), low = _mm256_blendv_ps(c, d, lowRight);
      const __m256 down = laterLanes(high, low);
      // A mask is -1 where it holds.
      const __m256i places = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int32_t>(pair.start + 2 * i)), evens);
      const __m256i highPlaces = _mm256_sub_epi32(places, _mm256_castps_si256(right));
      const __m256i lowPlaces = _mm256_sub_epi32(_mm256_add_epi32(places, step), _mm256_castps_si256(lowRight));
      _mm256_maskstore_ps(y + r * n + i, stored, _mm256_blendv_ps(high, low, down));
      _mm256_maskstore_epi32(where + r * n + i, stored, _mm256_blendv_epi8(highPlaces, lowPlaces, _mm256_castps_si256(down)));
    }
  }
}

#endif

}  // namespace
}  // namespace knet::KNET_ISA
