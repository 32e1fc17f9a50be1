// The gradient of the maxima of windows of 2 x 2: each pair of rows of dx is written once, as it was read of x.
#include "isa/halves.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

// Two rows of dx: in every window dy where the largest element is, and else 0.
inline void storeGradient(float* dx, const Choice& choice, const Lanes& at, int64_t width, const Windows& windows, __m512 dy) {
  const auto row = [&](float* p, float* q, __mmask16 chosen, __mmask16 right) __attribute__((always_inline)) {
    const __m512 a = _mm512_maskz_mov_ps(_kandn_mask16(right, chosen), dy), b = _mm512_maskz_mov_ps(_kand_mask16(right, chosen), dy);
    _mm512_mask_storeu_ps(p, windows.inFirst, _mm512_permutex2var_ps(a, at.toFirst, b));
    _mm512_mask_storeu_ps(q, windows.inSecond, _mm512_permutex2var_ps(a, at.toSecond, b));
  };
  float* const p = dx + windows.first;
  float* const q = dx + windows.second;
  row(p, q, _knot_mask16(choice.down), choice.highRight);
  row(p + width, q + width, choice.down, choice.lowRight);
}

// A sum begins with +0, to which -0 adds nothing.
inline Numbers loadGradient(const float* dy, LaneMask loaded) {
  return _mm512_add_ps(_mm512_maskz_loadu_ps(loaded, dy), _mm512_setzero_ps());
}

#else

inline void storeGradient(float* dx, const Choice& choice, const Lanes&, int64_t width, const Windows& windows, __m256 dy) {
  const auto row = [&](float* p, float* q, __m256 given, __m256 right) __attribute__((always_inline)) {
    const __m256 a = _mm256_andnot_ps(right, given), b = _mm256_and_ps(right, given);
    const __m256 outer = _mm256_unpacklo_ps(a, b), inner = _mm256_unpackhi_ps(a, b);
    _mm256_maskstore_ps(p, windows.inFirst, _mm256_permute2f128_ps(outer, inner, 0x20));
    _mm256_maskstore_ps(q, windows.inSecond, _mm256_permute2f128_ps(outer, inner, 0x31));
  };
  float* const p = dx + windows.first;
  float* const q = dx + windows.second;
  row(p, q, _mm256_andnot_ps(choice.down, dy), choice.highRight);
  row(p + width, q + width, _mm256_and_ps(choice.down, dy), choice.lowRight);
}

inline Numbers loadGradient(const float* dy, LaneMask loaded) {
  return _mm256_add_ps(_mm256_maskload_ps(dy, loaded), _mm256_setzero_ps());
}

#endif

// The columns and rows of dx after the last window.
inline void clearRest(const Pooling& g, float* dx, int64_t begin, int64_t end) {
  const int64_t width = g.x[0], used = 2 * g.y[0], rows = g.x[1] - 2 * g.y[1];
  RowPair pair(g, begin);
  for (int64_t r = begin; r < end; r++, pair.next(g)) {
    float* const p = dx + pair.start;
    // Nearly always, and half the time of a loop.
    if (used + 1 == width) {
      p[used] = p[width + used] = 0;
    } else {
      for (int64_t i = used; i < width; i++) p[i] = p[width + i] = 0;
    }
    if (pair.row + 1 < g.y[1]) continue;
    for (int64_t i = 0; i < rows * width; i++) p[2 * width + i] = 0;
  }
}

// Rows after which the rest is cleared: they are still in the first-level cache.
constexpr int64_t clearedTogether = 32;

}  // namespace

void halvesGradient(const Pooling& g, const float* x, const float* dy, float* dx, int64_t begin, int64_t end) {
  const int64_t width = g.x[0];
  const bool rest = 2 * g.y[0] < width || 2 * g.y[1] < g.x[1];
  const int64_t step = rest ? clearedTogether : end - begin;
  for (int64_t r = begin; r < end; r += step) {
    const int64_t last = r + step < end ? r + step : end;
    const float* const from = dy + (r - begin) * g.y[0];
    forAllWindows(g, r, last, [=](const Lanes& at, const Windows& windows) __attribute__((always_inline)) {
      const Choice choice(at, x, width, windows);
      storeGradient(dx, choice, at, width, windows, loadGradient(from + windows.index, windows.present));
    });
    if (rest) clearRest(g, dx, r, last);
  }
}

}  // namespace knet::KNET_ISA
