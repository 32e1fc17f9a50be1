// The maxima of windows of 2 x 2, and where they are.
#pragma once

#include "isa/halves.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

inline void storeMaxima(float* y, const Choice& choice, LaneMask stored) {
  _mm512_mask_storeu_ps(y, stored, _mm512_mask_blend_ps(choice.down, choice.high, choice.low));
}

inline void storePlaces(int32_t* where, const Choice& choice, const Lanes& at, int64_t width, const Windows& windows) {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i starts = _mm512_mask_blend_epi32(at.second, _mm512_set1_epi32(static_cast<int32_t>(windows.first)),
                                                 _mm512_set1_epi32(static_cast<int32_t>(windows.second - 16)));
  const __m512i high = _mm512_add_epi32(starts, at.left), low = _mm512_add_epi32(high, _mm512_set1_epi32(static_cast<int32_t>(width)));
  const __m512i highPlaces = _mm512_mask_add_epi32(high, choice.highRight, high, one);
  const __m512i lowPlaces = _mm512_mask_add_epi32(low, choice.lowRight, low, one);
  _mm512_mask_storeu_epi32(where, windows.present, _mm512_mask_blend_epi32(choice.down, highPlaces, lowPlaces));
}

#else

inline void storeMaxima(float* y, const Choice& choice, LaneMask stored) {
  _mm256_maskstore_ps(y, stored, _mm256_blendv_ps(choice.high, choice.low, choice.down));
}

inline void storePlaces(int32_t* where, const Choice& choice, const Lanes&, int64_t width, const Windows& windows) {
  const int32_t first = static_cast<int32_t>(windows.first), second = static_cast<int32_t>(windows.second);
  const __m256i starts = _mm256_set_m128i(_mm_set1_epi32(second), _mm_set1_epi32(first));
  const __m256i high = _mm256_add_epi32(starts, _mm256_set_epi32(6, 4, 2, 0, 6, 4, 2, 0));
  const __m256i low = _mm256_add_epi32(high, _mm256_set1_epi32(static_cast<int32_t>(width)));
  // A mask is -1 where it holds.
  const __m256i highPlaces = _mm256_sub_epi32(high, _mm256_castps_si256(choice.highRight));
  const __m256i lowPlaces = _mm256_sub_epi32(low, _mm256_castps_si256(choice.lowRight));
  _mm256_maskstore_epi32(where, windows.present, _mm256_blendv_epi8(highPlaces, lowPlaces, _mm256_castps_si256(choice.down)));
}

#endif

// Rows begin .. end-1 of the output, which y and where begin with.
template <bool places>
void halveRows(const Pooling& g, const float* x, float* y, int32_t* where, int64_t begin, int64_t end) {
  const int64_t width = g.x[0];
  forAllWindows(g, begin, end, [=](const Lanes& at, const Windows& windows) __attribute__((always_inline)) {
    const Choice choice(at, x, width, windows);
    storeMaxima(y + windows.index, choice, windows.present);
    if constexpr (places) storePlaces(where + windows.index, choice, at, width, windows);
  });
}

}  // namespace
}  // namespace knet::KNET_ISA
