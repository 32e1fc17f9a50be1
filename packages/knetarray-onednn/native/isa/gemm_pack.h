// Packing: copies of parts of matrices as the panels that gemm_micro.h describes.
#pragma once

#include "gemm_micro.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__

// to[l * step + i] = from[i * stride + l] for i < rows (at most 16) and l < count; zeros for i from rows up to 16.
inline void transposeStrip(float* to, int64_t step, const float* from, int64_t stride, int64_t rows, int64_t count, int64_t height) {
  const __mmask16 stored = Lanes<float>::first(height);
  for (int64_t l = 0; l < count; l += 16) {
    const int64_t some = count - l < 16 ? count - l : 16;
    const __mmask16 mask = Lanes<float>::first(some);
    __m512 x[16];
    if (rows == 16) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) x[i] = _mm512_maskz_loadu_ps(mask, from + i * stride + l);
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) x[i] = i < rows ? _mm512_maskz_loadu_ps(mask, from + i * stride + l) : _mm512_setzero_ps();
    }
    transpose(x);
    float* at = to + l * step;
    if (some == 16) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) _mm512_mask_storeu_ps(at + i * step, stored, x[i]);
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) {
        if (i < some) _mm512_mask_storeu_ps(at + i * step, stored, x[i]);
      }
    }
  }
}

#else

// to[l * step + i] = from[i * stride + l] for i < rows (at most 8) and l < count; zeros for i from rows up to height.
inline void transposeStrip(float* to, int64_t step, const float* from, int64_t stride, int64_t rows, int64_t count, int64_t height) {
  int64_t l = 0;
  const __m256i stored = Lanes<float>::first(height);
  for (; l + 8 <= count; l += 8) {
    __m256 x[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) x[i] = i < rows ? _mm256_loadu_ps(from + i * stride + l) : _mm256_setzero_ps();
    transpose(x);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) _mm256_maskstore_ps(to + (l + i) * step, stored, x[i]);
  }
  for (; l < count; l++) {
    for (int64_t i = 0; i < height; i++) to[l * step + i] = i < rows ? from[i * stride + l] : 0;
  }
}

#endif

template <class T>
inline void transposeStrip(T* to, int64_t step, const T* from, int64_t stride, int64_t rows, int64_t count, int64_t height) {
  for (int64_t i = 0; i < height; i++) {
    for (int64_t l = 0; l < count; l++) to[l * step + i] = i < rows ? from[i * stride + l] : 0;
  }
}

// One panel: to[l * height + i] = from[i * across + l * along] for i < used and l < k, zeros for i from used up to height.
template <class T>
inline void packPanel(T* to, int64_t height, const T* from, int64_t across, int64_t along, int64_t used, int64_t k) {
  constexpr int lanes = Lanes<T>::count;
  if (across == 1) {
    for (int64_t v = 0; v < height; v += lanes) {
      const int64_t inside = used - v < lanes ? used - v : lanes;
      const int64_t stored = height - v < lanes ? height - v : lanes;
      const auto mask = Lanes<T>::first(inside), outer = Lanes<T>::first(stored);
      const T* p = from + v;
      T* q = to + v;
      if (stored == lanes && inside == lanes) {
        for (int64_t l = 0; l < k; l++, p += along, q += height) {
          // Columns that lie more than a page apart are beyond what processors fetch by themselves.
          __builtin_prefetch(p + 12 * along);
          Lanes<T>::store(q, Lanes<T>::load(p));
        }
      } else {
        for (int64_t l = 0; l < k; l++, p += along, q += height) Lanes<T>::store(q, Lanes<T>::load(p, mask), outer);
      }
    }
  } else if (along == 1) {
    for (int64_t v = 0; v < height; v += lanes) {
      const int64_t inside = used - v < lanes ? used - v : lanes;
      const int64_t stored = height - v < lanes ? height - v : lanes;
      transposeStrip(to + v, height, from + v * across, across, inside, k, stored);
    }
  } else {
    for (int64_t l = 0; l < k; l++) {
      for (int64_t i = 0; i < height; i++) to[l * height + i] = i < used ? from[i * across + l * along] : 0;
    }
  }
}

// Some panels side by side whose elements lie one after the other across them: panel p, of `width` elements for each of k steps, begins
// at to + p * width * k. Step by step through all of them: what lies together in memory is read together.
template <class T>
inline void packPanels(T* to, int64_t width, const T* from, int64_t along, int64_t panels, int64_t k) {
  constexpr int lanes = Lanes<T>::count;
  constexpr int64_t line = 64 / sizeof(T), stepsAhead = 16;
  const int64_t panel = width * k, across = panels * width, whole = width / lanes * lanes;
  const auto mask = Lanes<T>::first(width - whole);
  for (int64_t l = 0; l < k; l++, from += along, to += width) {
    for (int64_t i = 0; i < across; i += line) __builtin_prefetch(from + stepsAhead * along + i);
    for (int64_t p = 0; p < panels; p++) {
      const T* const x = from + p * width;
      T* const y = to + p * panel;
      for (int64_t v = 0; v < whole; v += lanes) Lanes<T>::store(y + v, Lanes<T>::load(x + v));
      if (whole < width) Lanes<T>::store(y + whole, Lanes<T>::load(x + whole, mask), mask);
    }
  }
}

// A panel of a: `rows` (1 .. MR) rows of k elements, element (i, l) at from[i * aRow + l * aColumn].
template <class T>
inline void packA(T* to, const T* from, int64_t aRow, int64_t aColumn, int64_t rows, int64_t k) {
  packPanel(to, Micro<T>::height(rows), from, aRow, aColumn, rows, k);
}

// A panel of b: `columns` (1 .. NR) columns of k elements, element (l, j) at from[l * bRow + j * bColumn].
template <class T>
inline void packB(T* to, const T* from, int64_t bRow, int64_t bColumn, int64_t columns, int64_t k) {
  packPanel(to, columns, from, bColumn, bRow, columns, k);
}

}  // namespace
}  // namespace knet::KNET_ISA
