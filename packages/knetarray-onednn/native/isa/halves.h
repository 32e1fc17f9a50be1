// Windows of 2 x 2 with stride 2, a vector of them at a time. Left against right first, then above against below: the earlier one
// of two stays unless the later one is larger or is the first NaN, which is the order of a window's elements.
#pragma once

// GCC 12 takes what its own intrinsics leave undefined for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "pooling.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

constexpr int64_t windowsTogether = 16;
using Numbers = __m512;
using LaneMask = __mmask16;

// The first n lanes.
inline LaneMask lanes(int64_t n) { return static_cast<LaneMask>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1); }
// Whether two short rows of n windows can share a vector.
inline bool canShare(int64_t n) { return n <= 8; }

#else

constexpr int64_t windowsTogether = 8;
using Numbers = __m256;
using LaneMask = __m256i;

inline LaneMask lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(n)), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}
inline bool canShare(int64_t n) { return n == 4; }

#endif

// A vector of windows. Their upper elements are in two vectors of x, and their lower ones a row further on.
struct Windows {
  int64_t first;  // where in x the two begin
  int64_t second;
  LaneMask inFirst;  // their lanes that belong to windows
  LaneMask inSecond;
  int64_t index;  // of lane 0, counted from the first one of the task
  LaneMask present;
};

#ifdef __AVX512F__

// Of which lanes windows are made, when the first `half` of them lie in the first vector.
struct Lanes {
  __mmask16 second;
  __m512i left;  // of two vectors
  __m512i right;
  // The other way around: for the elements of both vectors, the windows, of those with left and those with right elements.
  __m512i toFirst;
  __m512i toSecond;

  explicit Lanes(int64_t half) : second(static_cast<__mmask16>(~lanes(half))) {
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i one = _mm512_set1_epi32(1), count = _mm512_set1_epi32(static_cast<int32_t>(half));
    const __m512i twice = _mm512_slli_epi32(lane, 1), rest = _mm512_sub_epi32(_mm512_set1_epi32(16), _mm512_slli_epi32(count, 1));
    left = _mm512_mask_add_epi32(twice, second, twice, rest);
    right = _mm512_add_epi32(left, one);
    toFirst = _mm512_add_epi32(_mm512_srli_epi32(lane, 1), _mm512_slli_epi32(_mm512_and_si512(lane, one), 4));
    toSecond = _mm512_add_epi32(toFirst, count);
  }
};

// The largest elements: which of two it is, for the upper ones, the lower ones, and between those.
struct Choice {
  __m512 high;
  __m512 low;
  __mmask16 highRight;
  __mmask16 lowRight;
  __mmask16 down;

  Choice(const Lanes& at, const float* x, int64_t width, const Windows& windows) {
    const float* const p = x + windows.first;
    const float* const q = x + windows.second;
    const __m512 above0 = _mm512_maskz_loadu_ps(windows.inFirst, p), above1 = _mm512_maskz_loadu_ps(windows.inSecond, q);
    const __m512 below0 = _mm512_maskz_loadu_ps(windows.inFirst, p + width), below1 = _mm512_maskz_loadu_ps(windows.inSecond, q + width);
    const __m512 a = _mm512_permutex2var_ps(above0, at.left, above1), b = _mm512_permutex2var_ps(above0, at.right, above1);
    const __m512 c = _mm512_permutex2var_ps(below0, at.left, below1), d = _mm512_permutex2var_ps(below0, at.right, below1);
    highRight = later(a, b);
    lowRight = later(c, d);
    high = _mm512_mask_blend_ps(highRight, a, b);
    low = _mm512_mask_blend_ps(lowRight, c, d);
    down = later(high, low);
  }
  // Where b, which comes after a, takes its place.
  static __mmask16 later(__m512 a, __m512 b) {
    const __mmask16 larger = _mm512_cmp_ps_mask(b, a, _CMP_NLE_UQ);
    return _mm512_mask_cmp_ps_mask(larger, a, a, _CMP_ORD_Q);
  }
};

#else

struct Lanes {
  explicit Lanes(int64_t) {}
};

struct Choice {
  __m256 high;
  __m256 low;
  __m256 highRight;
  __m256 lowRight;
  __m256 down;

  Choice(const Lanes&, const float* x, int64_t width, const Windows& windows) {
    const float* const p = x + windows.first;
    const float* const q = x + windows.second;
    const __m256 above0 = _mm256_maskload_ps(p, windows.inFirst), above1 = _mm256_maskload_ps(q, windows.inSecond);
    const __m256 below0 = _mm256_maskload_ps(p + width, windows.inFirst), below1 = _mm256_maskload_ps(q + width, windows.inSecond);
    const __m256 a = alternate<0>(above0, above1), b = alternate<1>(above0, above1);
    const __m256 c = alternate<0>(below0, below1), d = alternate<1>(below0, below1);
    highRight = later(a, b);
    lowRight = later(c, d);
    high = _mm256_blendv_ps(a, b, highRight);
    low = _mm256_blendv_ps(c, d, lowRight);
    down = later(high, low);
  }
  static __m256 later(__m256 a, __m256 b) { return _mm256_and_ps(_mm256_cmp_ps(b, a, _CMP_NLE_UQ), _mm256_cmp_ps(a, a, _CMP_ORD_Q)); }
  // Of sixteen elements those at even or at odd positions.
  template <int odd>
  static __m256 alternate(__m256 a, __m256 b) {
    const __m256d halves = _mm256_castps_pd(_mm256_shuffle_ps(a, b, odd ? 0xdd : 0x88));
    return _mm256_castpd_ps(_mm256_permute4x64_pd(halves, 0xd8));
  }
};

#endif

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

// Calls f for all windows of rows begin .. end-1 of the output.
template <class Function>
void forAllWindows(const Pooling& g, int64_t begin, int64_t end, Function f) {
  constexpr int64_t size = windowsTogether;
  const int64_t n = g.y[0];
  RowPair pair(g, begin);
  int64_t r = begin;
  if (canShare(n)) {
    const Lanes at(n);
    const LaneMask row = lanes(2 * n);
    for (; r + 2 <= end; r += 2, pair.next(g)) {
      const int64_t first = pair.start;
      pair.next(g);
      f(at, Windows{first, pair.start, row, row, (r - begin) * n, row});
    }
  }
  const Lanes at(size / 2);
  for (; r < end; r++, pair.next(g)) {
    for (int64_t i = 0; i < n; i += size) {
      const int64_t start = pair.start + 2 * i, rest = n - i;
      f(at, Windows{start, start + size, lanes(2 * rest), lanes(2 * rest - size), (r - begin) * n + i, lanes(rest)});
    }
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
