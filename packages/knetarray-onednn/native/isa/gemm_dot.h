// Products whose operands lie along k: every element of c is an inner product, and neither operand has to be packed. They win
// where c has too few rows to fill vectors.
#pragma once

#include <type_traits>

#include "gemm_transpose.h"

namespace knet::KNET_ISA {
namespace {

template <class T>
struct Inner {
  using V = Lanes<T>;
  using Vector = typename V::Vector;

  static constexpr int lanes = V::count;
  // Inner products that are computed together; their sums stay in registers.
#ifdef __AVX512F__
  static constexpr int count = 16;
#else
  static constexpr int count = 8;
#endif

  // c = alpha a b + beta c, where a has elements (i, l) at i * aRow + l and b has elements (l, j) at l + j * bColumn.
  static void run(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t aRow, const T* b, int64_t bColumn, T beta, T* c,
                  int64_t cRow, int64_t cColumn) {
    // A sum that grows for long loses what is added to it: k is taken in steps.
    constexpr int64_t depth = 512 * lanes;
    for (; k > depth; k -= depth, a += depth, b += depth, beta = 1) {
      step(m, n, depth, alpha, a, aRow, b, bColumn, beta, c, cRow, cColumn);
    }
    step(m, n, k, alpha, a, aRow, b, bColumn, beta, c, cRow, cColumn);
  }

 private:
  static void step(int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t aRow, const T* b, int64_t bColumn, T beta, T* c,
                   int64_t cRow, int64_t cColumn) {
    if (m == 1 && n <= count / 4) {
      for (int64_t j = 0; j < n; j++) {
        const T sum = alpha * single(k, a, b + j * bColumn);
        c[j * cColumn] = beta == 0 ? sum : sum + beta * c[j * cColumn];
      }
      return;
    }
    if (m == 1) {
      tile<1>(n, k, alpha, a, aRow, b, bColumn, beta, c, cRow, cColumn, k > lanes ? count * bColumn : 0);
      return;
    }
    // Some columns of b at a time, for all rows: they stay in the first cache, and the next ones arrive meanwhile.
    const int64_t together = m < 4 ? count : 8;
    for (int64_t j = 0; j < n; j += together) {
      const int64_t columns = n - j < together ? n - j : together;
      // Columns that fit into a vector follow each other closely: the processor fetches them by itself.
      int64_t ahead = k > lanes && j + 2 * together <= n ? together * bColumn : 0;
      int64_t i = 0;
      const auto rows = [&](auto height) __attribute__((always_inline)) {
        constexpr int M = decltype(height)::rows;
        for (; i + M <= m; i += M, ahead = 0) {
          tile<M>(columns, k, alpha, a + i * aRow, aRow, b + j * bColumn, bColumn, beta, c + i * cRow + j * cColumn, cRow, cColumn, ahead);
        }
      };
      if constexpr (count == 16) rows(Rows<4>());
      rows(Rows<2>());
      rows(Rows<1>());
    }
  }

  template <int M>
  struct Rows {
    static constexpr int rows = M;
  };

  // M rows times some columns. Elements `ahead` after those of b, if it is not 0, are fetched.
  template <int M>
  static __attribute__((noinline)) void tile(int64_t columns, int64_t k, T alpha, const T* a, int64_t aRow, const T* b, int64_t bColumn,
                                             T beta, T* c, int64_t cRow, int64_t cColumn, int64_t ahead) {
    constexpr int N = count / M;
    int64_t q = 0;
    const auto put = [&](const T* sums, int64_t some) __attribute__((always_inline)) {
      if constexpr (M == 1 && N == lanes) {
        if (cColumn == 1 && beta == 0) {
          V::store(c + q, V::multiply(V::all(alpha), V::load(sums)), V::first(some));
          return;
        }
      }
      for (int64_t r = 0; r < some; r++) {
        for (int p = 0; p < M; p++) {
          T& to = c[p * cRow + (q + r) * cColumn];
          const T sum = alpha * sums[p * N + r];
          to = beta == 0 ? sum : sum + beta * to;
        }
      }
    };
    T sums[count];
    const auto whole = [&](auto fetch) __attribute__((always_inline)) {
      for (; q + N <= columns; q += N) {
        products<M, N, decltype(fetch)::value>(k, a, aRow, Evenly(b + q * bColumn, bColumn), ahead, sums);
        put(sums, N);
      }
    };
    if (ahead != 0) {
      whole(std::true_type());
    } else {
      whole(std::false_type());
    }
    if (q < columns) {
      products<M, N, false>(k, a, aRow, Clamped<N>(b + q * bColumn, bColumn, columns - q), 0, sums);
      put(sums, columns - q);
    }
  }

  // Where columns are. An instruction reaches eight of them from one address by what it adds and scales, so that all that it takes stays
  // in registers; the compiler, left alone, keeps sixteen addresses in memory.
  struct Evenly {
    const char *first, *second;
    int64_t one, three, five, seven;
    Evenly(const T* b, int64_t column) : first(reinterpret_cast<const char*>(b)), one(column * sizeof(T)) {
      second = first + 8 * one;
      three = 3 * one;
      five = 5 * one;
      seven = 7 * one;
    }
    KNET_INLINE const T* at(int q) const {
      const char* const p = q < 8 ? first : second;
      const char* to = p;
      switch (q % 8) {
        case 1:
          to = p + one;
          break;
        case 2:
          to = p + 2 * one;
          break;
        case 3:
          to = p + three;
          break;
        case 4:
          to = p + 4 * one;
          break;
        case 5:
          to = p + five;
          break;
        case 6:
          to = p + 2 * three;
          break;
        case 7:
          to = p + seven;
          break;
      }
      return reinterpret_cast<const T*>(to);
    }
    KNET_INLINE void advance() {
      first += lanes * sizeof(T);
      second += lanes * sizeof(T);
      asm("" : "+r"(first), "+r"(second));
    }
  };

  // The same for fewer columns than a tile has: the last one stands for those that are missing.
  template <int N>
  struct Clamped {
    const T* columns[N];
    Clamped(const T* b, int64_t column, int64_t count) {
      for (int q = 0; q < N; q++) columns[q] = b + (q < count ? q : count - 1) * column;
    }
    KNET_INLINE const T* at(int q) const { return columns[q]; }
    KNET_INLINE void advance() {
#pragma GCC unroll 16
      for (int q = 0; q < N; q++) columns[q] += lanes;
    }
  };

  // sums[p * N + q] = row p of a times column q of b.
  template <int M, int N, bool fetch, class Places>
  static KNET_INLINE void products(int64_t k, const T* a, int64_t aRow, Places b, int64_t ahead, T* sums) {
    Vector x[M * N];
#pragma GCC unroll 16
    for (int r = 0; r < M * N; r++) x[r] = V::zero();
    const auto add = [&](auto load) __attribute__((always_inline)) {
      Vector left[M];
#pragma GCC unroll 4
      for (int p = 0; p < M; p++) left[p] = load(a + p * aRow);
#pragma GCC unroll 16
      for (int q = 0; q < N; q++) {
        const Vector factor = load(b.at(q));
        if constexpr (fetch) __builtin_prefetch(b.at(q) + ahead, 0, 2);
#pragma GCC unroll 4
        for (int p = 0; p < M; p++) x[p * N + q] = V::multiplyAdd(left[p], factor, x[p * N + q]);
      }
      a += lanes;
      b.advance();
    };
    for (; k >= lanes; k -= lanes) add([](const T* p) __attribute__((always_inline)) { return V::load(p); });
    if (k > 0) {
      const auto mask = V::first(k);
      add([mask](const T* p) __attribute__((always_inline)) { return V::load(p, mask); });
    }
    reduce(x, sums);
  }

  // One inner product, with as many sums.
  static T single(int64_t k, const T* a, const T* b) {
    Vector x[count];
#pragma GCC unroll 16
    for (int r = 0; r < count; r++) x[r] = V::zero();
    int64_t l = 0;
    for (; l + count * lanes <= k; l += count * lanes) {
#pragma GCC unroll 16
      for (int r = 0; r < count; r++) x[r] = V::multiplyAdd(V::load(a + l + r * lanes), V::load(b + l + r * lanes), x[r]);
    }
    for (; l < k; l += lanes) {
      const auto mask = V::first(k - l < lanes ? k - l : lanes);
      x[0] = V::multiplyAdd(V::load(a + l, mask), V::load(b + l, mask), x[0]);
    }
#pragma GCC unroll 4
    for (int half = count / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
      for (int r = 0; r < half; r++) x[r] = V::add(x[r], x[r + half]);
    }
    return V::sum(x[0]);
  }

  // sums[r] = the sum of the lanes of x[r].
  static KNET_INLINE void reduce(Vector (&x)[count], T* sums) {
    if constexpr (lanes == count) {
      V::store(sums, laneSums(x));
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < count; r++) sums[r] = V::sum(x[r]);
    }
  }
};

// A matrix whose rows lie one after the other, times a vector.
template <class T>
struct Columns {
  using V = Lanes<T>;
  using Vector = typename V::Vector;

  static constexpr int lanes = V::count;

  // c = alpha a b + beta c, where a has elements (i, l) at i + l * aColumn; b and c are vectors; elements of b
  // lie one after the other.
  static void run(int64_t m, int64_t k, T alpha, const T* a, int64_t aColumn, const T* b, T beta, T* c, int64_t cRow) {
    // In steps, as above.
    constexpr int64_t depth = 512;
    for (; k > depth; k -= depth, a += depth * aColumn, b += depth, beta = 1) {
      step(m, depth, alpha, a, aColumn, b, beta, c, cRow);
    }
    step(m, k, alpha, a, aColumn, b, beta, c, cRow);
  }

 private:
  static void step(int64_t m, int64_t k, T alpha, const T* a, int64_t aColumn, const T* b, T beta, T* c, int64_t cRow) {
    int64_t i = 0;
    for (; i + 4 * lanes < m; i += 8 * lanes) block<8, 1>(m - i, k, alpha, a + i, aColumn, b, beta, c + i * cRow, cRow);
    for (; i + lanes < m; i += 4 * lanes) block<4, 2>(m - i, k, alpha, a + i, aColumn, b, beta, c + i * cRow, cRow);
    for (; i < m; i += lanes) block<1, 8>(m - i, k, alpha, a + i, aColumn, b, beta, c + i * cRow, cRow);
  }

  // At most M vectors of rows; every U-th column has a sum of its own, so that additions need not wait for each other.
  template <int M, int U>
  static __attribute__((noinline)) void block(int64_t m, int64_t k, T alpha, const T* a, int64_t aColumn, const T* b,
                                              T beta, T* c, int64_t cRow) {
    typename V::Mask masks[M];
#pragma GCC unroll 8
    for (int v = 0; v < M; v++) {
      const int64_t rest = m - v * lanes;
      masks[v] = V::first(rest < 0 ? 0 : rest < lanes ? rest : lanes);
    }
    Vector x[U][M];
#pragma GCC unroll 8
    for (int u = 0; u < U; u++) {
#pragma GCC unroll 8
      for (int v = 0; v < M; v++) x[u][v] = V::zero();
    }
    const auto add = [&](int u, const T* column, T factor, auto load) __attribute__((always_inline)) {
      const Vector all = V::all(factor);
#pragma GCC unroll 8
      for (int v = 0; v < M; v++) x[u][v] = V::multiplyAdd(load(column + v * lanes, v), all, x[u][v]);
    };
    const auto run = [&](auto load) __attribute__((always_inline)) {
      const T* column = a;
      const T* factor = b;
      const T* const end = b + k;
      for (; end - factor >= U; factor += U) {
#pragma GCC unroll 8
        for (int u = 0; u < U; u++, column += aColumn) add(u, column, factor[u], load);
      }
      for (; factor != end; factor++, column += aColumn) add(0, column, *factor, load);
    };
    if (m >= M * lanes) {
      run([](const T* p, int) __attribute__((always_inline)) { return V::load(p); });
    } else {
      run([&masks](const T* p, int v) __attribute__((always_inline)) { return V::load(p, masks[v]); });
    }
    T sums[M * lanes];
#pragma GCC unroll 8
    for (int v = 0; v < M; v++) {
#pragma GCC unroll 8
      for (int u = 1; u < U; u++) x[0][v] = V::add(x[0][v], x[u][v]);
      V::store(sums + v * lanes, x[0][v]);
    }
    const int64_t rows = m < M * lanes ? m : M * lanes;
    if (cRow == 1 && beta == 0) {
      for (int64_t i = 0; i < rows; i++) c[i] = alpha * sums[i];
    } else {
      for (int64_t i = 0; i < rows; i++) c[i * cRow] = beta == 0 ? alpha * sums[i] : alpha * sums[i] + beta * c[i * cRow];
    }
  }
};

}  // namespace
}  // namespace knet::KNET_ISA
