// The inner loops of convolution. Elements of a vector are neighbouring pixels; nothing is transposed or packed for them.
#pragma once

#include "convolution_lanes.h"

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

template <class T, int vectors, int columns, bool whole>
void multiply(const Product<T>& t) {
  using L = Lanes<T>;
  using V = typename L::Vector;
  V sums[vectors][columns];
#pragma GCC unroll 8
  for (int i = 0; i < vectors; i++)
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) sums[i][j] = L::zero();
  const T* const a = t.a;
  const T* b = t.b;
  const int64_t bStep = t.bStep, bColumn = t.bColumn;
  const auto tail = L::range(0, t.tail);
  const int32_t* const end = t.aAt + t.depth;
  for (const int32_t* at = t.aAt; at < end; at++, b += bStep) {
    const T* const p = a + *at;
    V left[vectors];
#pragma GCC unroll 8
    for (int i = 0; i < vectors; i++)
      left[i] = whole || i < vectors - 1 ? L::load(p + i * L::count) : L::load(p + i * L::count, tail);
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) {
      const V right = L::all(b[j * bColumn]);
#pragma GCC unroll 8
      for (int i = 0; i < vectors; i++) sums[i][j] = L::multiplyAdd(left[i], right, sums[i][j]);
    }
  }
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

template <class T, int vectors, bool whole>
void multiplyColumns(const Product<T>& t, int columns) {
  switch (columns) {
    case 1:
      return multiply<T, vectors, 1, whole>(t);
    case 2:
      return multiply<T, vectors, 2, whole>(t);
    case 3:
      return multiply<T, vectors, 3, whole>(t);
    case 4:
      return multiply<T, vectors, 4, whole>(t);
#ifdef __AVX512F__
    case 5:
      return multiply<T, vectors, 5, whole>(t);
    case 6:
      return multiply<T, vectors, 6, whole>(t);
#endif
  }
}

// A tile of any size up to maxVectors by maxColumns.
template <class T>
void multiply(const Product<T>& t, int vectors, int columns) {
  const bool whole = t.tail == Lanes<T>::count;
  switch (vectors) {
    case 1:
      return whole ? multiplyColumns<T, 1, true>(t, columns) : multiplyColumns<T, 1, false>(t, columns);
    case 2:
      return whole ? multiplyColumns<T, 2, true>(t, columns) : multiplyColumns<T, 2, false>(t, columns);
    case 3:
      return whole ? multiplyColumns<T, 3, true>(t, columns) : multiplyColumns<T, 3, false>(t, columns);
#ifdef __AVX512F__
    case 4:
      return whole ? multiplyColumns<T, 4, true>(t, columns) : multiplyColumns<T, 4, false>(t, columns);
#endif
  }
}

template <class T, int rows>
void accumulateColumns(const Dots<T>& t, int columns) {
  switch (columns) {
    case 1:
      return accumulate<T, rows, 1>(t);
    case 2:
      return accumulate<T, rows, 2>(t);
#ifdef __AVX512F__
    case 3:
      return accumulate<T, rows, 3>(t);
    case 4:
      return accumulate<T, rows, 4>(t);
    case 5:
      return accumulate<T, rows, 5>(t);
    case 6:
      return accumulate<T, rows, 6>(t);
#endif
  }
}

// A tile of any size up to maxLeft by maxRight.
template <class T>
void accumulate(const Dots<T>& t, int rows, int columns) {
  switch (rows) {
    case 1:
      return accumulateColumns<T, 1>(t, columns);
    case 2:
      return accumulateColumns<T, 2>(t, columns);
    case 3:
      return accumulateColumns<T, 3>(t, columns);
    case 4:
      return accumulateColumns<T, 4>(t, columns);
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
