// Planes of pixels to the points of tiles, and back; see native/winograd.h. Lanes of a vector are neighbouring tiles of a plane.
#pragma once

#include "../winograd.h"
#include "gemm_vector.h"
#include "winograd_points.h"

#ifdef __AVX512F__

namespace knet::KNET_ISA {
namespace {

inline __mmask16 firstOf(int64_t count) { return count >= 16 ? 0xffff : count <= 0 ? 0 : static_cast<__mmask16>((1u << count) - 1); }

// Turns the four 4 x 4 matrices whose rows are the quarters of the four vectors x.
inline __attribute__((always_inline)) void turnQuarters(__m512* x) {
  const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(x[0], x[1])), b = _mm512_castps_pd(_mm512_unpackhi_ps(x[0], x[1]));
  const __m512d c = _mm512_castps_pd(_mm512_unpacklo_ps(x[2], x[3])), d = _mm512_castps_pd(_mm512_unpackhi_ps(x[2], x[3]));
  x[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
  x[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
  x[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
  x[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}

// Lane 4 i + j and lane 4 j + i change places.
inline __attribute__((always_inline)) __m512 turnLanes(__m512 x) {
  return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), x);
}

// Element i of 16 groups of four numbers, for each i. `count` numbers are read, others are zero.
inline __attribute__((always_inline)) void loadGroups(const float* from, int64_t count, __m512* x) {
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) x[v] = _mm512_maskz_loadu_ps(firstOf(count - 16 * v), from + 16 * v);
  turnQuarters(x);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) x[i] = turnLanes(x[i]);
}

// The inverse, writing `count` numbers.
inline __attribute__((always_inline)) void storeGroups(float* to, int64_t count, __m512* x) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) x[i] = turnLanes(x[i]);
  turnQuarters(x);
#pragma GCC unroll 4
  for (int v = 0; v < 4; v++) _mm512_mask_storeu_ps(to + 16 * v, firstOf(count - 16 * v), x[v]);
}

// Row u, and column i, of a matrix times x. Once loops are unrolled its elements are constants, and zeros cost nothing.
template <int rows, int columns>
inline __attribute__((always_inline)) __m512 timesRow(const float (&matrix)[rows][columns], int u, const __m512* x) {
  __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 8
  for (int i = 0; i < columns; i++) {
    if (matrix[u][i] != 0) sum = _mm512_fmadd_ps(_mm512_set1_ps(matrix[u][i]), x[i], sum);
  }
  return sum;
}
template <int rows, int columns>
inline __attribute__((always_inline)) __m512 timesColumn(const float (&matrix)[rows][columns], int i, const __m512* x) {
  __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 8
  for (int u = 0; u < rows; u++) {
    if (matrix[u][i] != 0) sum = _mm512_fmadd_ps(_mm512_set1_ps(matrix[u][i]), x[u], sum);
  }
  return sum;
}

// A plane of x in shape (plan.rows rows of plan.line numbers) to points: the tiles of point u begin at to + u * step.
template <int taps>
void tilesOfX(const WinogradPlan& plan, const float* plane, float* to, int64_t step) {
  using W = Winograd<taps>;
  const int64_t size = plan.rows * plan.line;
  const uint16_t* begins = plan.begins;
  for (int64_t at = 0; at < size; at += 64) {
    // The pixels of a group, then those of the next one.
    __m512 x[8];
    loadGroups(plane + at, size - at, x);
    loadGroups(plane + at + 4, size - at - 4, x + 4);
    const __mmask16 kept = *begins++;
    const int count = __builtin_popcount(kept);
    const __mmask16 stored = firstOf(count);
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++)
      _mm512_mask_storeu_ps(to + u * step, stored, _mm512_maskz_compress_ps(kept, timesRow(W::input, u, x)));
    to += count;
  }
}

// The transpose of tilesOfX: points to a plane of dx in shape.
template <int taps>
void pixelsOfX(const WinogradPlan& plan, const float* from, int64_t step, float* plane) {
  using W = Winograd<taps>;
  const int64_t size = plan.rows * plan.line;
  const uint16_t* begins = plan.begins;
  // Pixels that the tiles before reach.
  __m512 before[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) before[i] = _mm512_setzero_ps();
  for (int64_t at = 0; at < size; at += 64) {
    const __mmask16 kept = *begins++;
    const int count = __builtin_popcount(kept);
    const __mmask16 loaded = firstOf(count);
    __m512 x[W::points], pixels[4];
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++) x[u] = _mm512_maskz_expand_ps(kept, _mm512_maskz_loadu_ps(loaded, from + u * step));
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) pixels[i] = timesColumn(W::input, i, x);
#pragma GCC unroll 4
    for (int i = 4; i < W::points; i++) {
      const __m512 sum = timesColumn(W::input, i, x);
      pixels[i - 4] += _mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(sum), _mm512_castps_si512(before[i - 4]), 15));
      before[i - 4] = sum;
    }
    storeGroups(plane + at, size - at, pixels);
    from += count;
  }
}

// A plane of dy in shape (rows of whole tiles) to points. Lanes behind the last tile are zero.
template <int taps>
void tilesOfY(const WinogradPlan& plan, const float* plane, float* to, int64_t step) {
  using W = Winograd<taps>;
  const int64_t size = plan.pixels * 4;
  for (int64_t at = 0; at < size; at += 64, to += winogradLanes) {
    __m512 x[4];
    loadGroups(plane + at, size - at, x);
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++) _mm512_storeu_ps(to + u * step, timesRow(W::output, u, x));
  }
}

// The transpose of tilesOfY: points to a plane of y in shape.
template <int taps>
void pixelsOfY(const WinogradPlan& plan, const float* from, int64_t step, float* plane) {
  using W = Winograd<taps>;
  const int64_t size = plan.pixels * 4;
  for (int64_t at = 0; at < size; at += 64, from += winogradLanes) {
    __m512 pixels[4], x[W::points];
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++) x[u] = _mm512_loadu_ps(from + u * step);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) pixels[j] = timesColumn(W::output, j, x);
    storeGroups(plane + at, size - at, pixels);
  }
}

// Rows of filters, `count` (at most 16) of them whose first elements lie `stride` apart, to points.
template <int taps>
void pointsOfFilters(const float* from, int64_t stride, int64_t count, bool flip, float alpha, float* to, int64_t step) {
  using W = Winograd<taps>;
  const __mmask16 mask = firstOf(count);
  const __m512i offsets = _mm512_mullo_epi32(_mm512_set1_epi32(static_cast<int>(stride)),
                                             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m512 scale = _mm512_set1_ps(alpha);
  __m512 x[taps];
#pragma GCC unroll 8
  for (int t = 0; t < taps; t++) {
    const float* const at = from + (flip ? taps - 1 - t : t);
    x[t] = _mm512_mul_ps(scale, _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, offsets, at, 4));
  }
#pragma GCC unroll 8
  for (int u = 0; u < W::points; u++) _mm512_mask_storeu_ps(to + u * step, mask, timesRow(W::filter, u, x));
}

}  // namespace
}  // namespace knet::KNET_ISA

#endif
