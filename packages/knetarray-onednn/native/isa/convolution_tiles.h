// The inner loops of convolution. Elements of a vector are neighbouring pixels; nothing is transposed or packed for them.
#pragma once

#include "convolution_lanes.h"
#include "convolution_parts.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__
constexpr int maxVectors = 4, maxColumns = 6, maxLeft = 4, maxRight = 6;
#else
constexpr int maxVectors = 3, maxColumns = 4, maxLeft = 4, maxRight = 2;
#endif

// c[p + cAt[j]] (+)= alpha * sum over k < depth of a[p + aAt[k]] * b[k * bStep + j * bColumn], for the pixels p of `vectors`
// vectors and `columns` columns j. The last vector has `tail` pixels.
template <class T>
struct Product {
  const T* a;
  const int32_t* aAt;
  int64_t depth;
  const T* b;
  int64_t bStep;
  int64_t bColumn;
  T* c;
  const int32_t* cAt;
  T alpha;
  bool add;
  int tail;
};

// sums[i][j] = the sum over k < depth of left(a + at[k], i) * right(b + k * bStep, j), where left reads a vector and right a number.
template <int vectors, int columns, class T, class V, class Left, class Right>
__attribute__((always_inline)) inline void sumProducts(const T* a, const int32_t* at, int64_t depth, const T* b, int64_t bStep, Left left,
                                                       Right right, V (&sums)[vectors][columns]) {
  using L = Lanes<T>;
#pragma GCC unroll 8
  for (int i = 0; i < vectors; i++)
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) sums[i][j] = L::zero();
  const int32_t* const end = at + depth;
  for (; at < end; at++, b += bStep) {
    const T* const p = a + *at;
    V x[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) x[i] = left(p, i);
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) {
      const V y = L::all(right(b, j));
#pragma GCC unroll 8
      for (int i = 0; i < vectors; i++) sums[i][j] = L::multiplyAdd(x[i], y, sums[i][j]);
    }
  }
}

template <class T, int vectors, int columns, bool whole>
void multiply(const Product<T>& t) {
  using L = Lanes<T>;
  using V = typename L::Vector;
  V sums[vectors][columns];
  const int64_t bColumn = t.bColumn;
  const auto tail = L::range(0, t.tail);
  sumProducts<vectors, columns>(
      t.a, t.aAt, t.depth, t.b, t.bStep,
      [=](const T* p, int i) { return whole || i < vectors - 1 ? L::load(p + i * L::count) : L::load(p + i * L::count, tail); },
      [=](const T* b, int j) { return b[j * bColumn]; }, sums);
  const V alpha = L::all(t.alpha);
  const bool add = t.add;
  const int32_t* const cAt = t.cAt;
  T* const first = t.c;
#pragma GCC unroll 8
  for (int j = 0; j < columns; j++) {
    T* const c = first + cAt[j];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++) {
      T* const p = c + i * L::count;
      if (whole || i < vectors - 1) {
        L::store(p, add ? L::multiplyAdd(alpha, sums[i][j], L::load(p)) : alpha * sums[i][j]);
      } else {
        L::store(p, add ? L::multiplyAdd(alpha, sums[i][j], L::load(p, tail)) : alpha * sums[i][j], tail);
      }
    }
  }
}

// c[i + j * cColumn] += the sum over images and pixels of a[image * aImage + p + aAt[i]] * b[image * bImage + p + j * bColumn].
template <class T>
struct Dots {
  const T* a;
  const int32_t* aAt;
  int64_t aImage;
  const T* b;
  int64_t bColumn;
  int64_t bImage;
  int64_t images;
  int64_t pixels;
  T* c;
  int64_t cColumn;
  const T* ahead;  // fetched meanwhile, a line of the cache for each vector of pixels
};

template <class T, int rows, int columns>
void accumulate(const Dots<T>& t) {
  using L = Lanes<T>;
  using V = typename L::Vector;
  V sums[rows][columns];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) sums[i][j] = L::zero();
  const int64_t bColumn = t.bColumn, whole = t.pixels / L::count * L::count;
  const int64_t aNext = t.aImage - whole, bNext = t.bImage - whole;
  const auto tail = L::range(0, t.pixels - whole);
  const T* a[rows];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) a[i] = t.a + t.aAt[i];
  // Columns are reached from two pointers; with a pointer for each of them, registers do not suffice between two images.
  const T *b = t.b, *c = t.b + 3 * bColumn;
  const T* ahead = t.ahead;
  for (int64_t image = t.images; image > 0; image--) {
    for (int64_t p = whole; p > 0; p -= L::count) {
      V left[rows];
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) left[i] = L::load(a[i]);
#pragma GCC unroll 8
      for (int j = 0; j < columns; j++) {
        const V right = L::load(j < 3 ? b + j * bColumn : c + (j - 3) * bColumn);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) sums[i][j] = L::multiplyAdd(left[i], right, sums[i][j]);
      }
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) a[i] += L::count;
      b += L::count;
      c += L::count;
      _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
      ahead += L::count;
      asm("" : "+r"(b), "+r"(c));
    }
    if (whole < t.pixels) {
      V left[rows];
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) left[i] = L::load(a[i], tail);
#pragma GCC unroll 8
      for (int j = 0; j < columns; j++) {
        const V right = L::load(j < 3 ? b + j * bColumn : c + (j - 3) * bColumn, tail);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) sums[i][j] = L::multiplyAdd(left[i], right, sums[i][j]);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) a[i] += aNext;
    b += bNext;
    c += bNext;
  }
  T* const target = t.c;
  const int64_t cColumn = t.cColumn;
#pragma GCC unroll 8
  for (int j = 0; j < columns; j++) {
    const auto sum = sumsOf(sums[0][j], rows > 1 ? sums[1 % rows][j] : L::zero(), rows > 2 ? sums[2 % rows][j] : L::zero(),
                            rows > 3 ? sums[3 % rows][j] : L::zero());
    addFirst<rows>(target + j * cColumn, sum);
  }
}

// A tile of any size up to maxVectors by maxColumns.
template <class T>
void multiply(const Product<T>& t, int vectors, int columns) {
  withConstant<maxVectors>(vectors, [&](auto v) {
    withConstant<maxColumns>(columns, [&](auto c) {
      if (t.tail == Lanes<T>::count) return multiply<T, v, c, true>(t);
      multiply<T, v, c, false>(t);
    });
  });
}

// A tile of any size up to maxLeft by maxRight.
template <class T>
void accumulate(const Dots<T>& t, int rows, int columns) {
  withConstant<maxLeft>(rows, [&](auto r) { withConstant<maxRight>(columns, [&](auto c) { accumulate<T, r, c>(t); }); });
}

}  // namespace
}  // namespace knet::KNET_ISA
