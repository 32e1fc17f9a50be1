// The micro-kernel of matrix products: a tile of c that stays in registers while it runs along k, after Goto and van de Geijn,
// "Anatomy of high-performance matrix multiplication" (2008).
//
// Panels, as gemm_pack.h makes them. A panel of a holds up to MR rows: element (i, l) at l * height + i, where height is the
// number of rows rounded up to whole vectors (so MR, but for the last panel), and the rows added are zeros. A panel of b
// holds up to NR columns: element (l, j) at l * width + j, where width is the number of columns.
//
//   Micro<float>::run({k, a, height, b, width, 1, alpha, beta, c, 1, ldc}, rows, columns, true)
//
// multiplies two such panels into rows x columns elements of a column-major c.
#pragma once

#include "gemm_transpose.h"

namespace knet::KNET_ISA {
namespace {

// c = alpha a b + beta c for one tile; with beta = 0 c is not read.
template <class T>
struct Tile {
  int64_t k;
  const T* a;  // rows lie one after the other
  int64_t aStep;  // elements from one l to the next
  const T* b;
  int64_t bStep;    // elements from one l to the next
  int64_t bColumn;  // elements from one column to the next; 1 in a panel
  int64_t ahead;    // elements from b to what is fetched for the next tile; 0 where b is a panel, or the last
  // What else is fetched beside panels, if anything: an element at each `laterEvery` steps, so far apart.
  const T* later = nullptr;
  int64_t laterStep = 0, laterEvery = 0;
  T alpha, beta;
  T* c;
  int64_t cRow, cColumn;
};

template <class T>
struct Micro {
  using V = Lanes<T>;
  using Vector = typename V::Vector;

  static constexpr int lanes = V::count;
#ifdef __AVX512F__
  // 24 accumulators, 2 vectors of a and a factor of b take 27 of 32 registers.
  static constexpr int vectors = 2;
  static constexpr int NR = 12;
#else
  // 12 accumulators, 2 vectors of a and a factor of b take 15 of 16 registers.
  static constexpr int vectors = 2;
  static constexpr int NR = 6;
#endif
  static constexpr int MR = vectors * lanes;
  // How many steps of k before it is needed a is fetched: it comes from the second cache, or from farther away.
  static constexpr int stepsAhead = 24;

  // Height of a panel of a with so many rows, at most MR.
  static int64_t height(int64_t rows) { return (rows + lanes - 1) / lanes * lanes; }

  // Computes a tile of 1 .. MR rows and 1 .. NR columns. `panels` says that a and b are panels as above; else a may be any
  // matrix whose rows lie one after the other, and is not read beyond `rows`, and b any matrix.
  static void run(const Tile<T>& tile, int64_t rows, int64_t columns, bool panels) {
    static constexpr Table table;
    table.kernels[panels][(rows - 1) / lanes][columns - 1](tile, rows);
  }

 private:
  using Kernel = void (*)(const Tile<T>&, int64_t rows);

  struct Table {
    Kernel kernels[2][vectors][NR] = {};
    constexpr Table() { fill<1>(); }
    template <int M>
    constexpr void fill() {
      fillColumns<M, 1>();
      if constexpr (M < vectors) fill<M + 1>();
    }
    template <int M, int N>
    constexpr void fillColumns() {
      kernels[0][M - 1][N - 1] = kernel<M, N, false>;
      kernels[1][M - 1][N - 1] = kernel<M, N, true>;
      if constexpr (N < NR) fillColumns<M, N + 1>();
    }
  };

  template <int M, int N, bool panels>
  static void kernel(const Tile<T>& tile, int64_t rows) {
    const auto mask = V::first(rows - (M - 1) * lanes);
    if (tile.beta != 0 && tile.cRow == 1) prefetch<M, N>(tile);
    Vector sums[N][M];
#pragma GCC unroll 32
    for (int j = 0; j < N; j++) {
#pragma GCC unroll 4
      for (int v = 0; v < M; v++) sums[j][v] = V::zero();
    }
    const T* a = tile.a;
    // Columns are reached from a pointer to each fourth one: with a distance for each of them registers do not suffice.
    constexpr int groups = (N + 3) / 4;
    const T* b[groups];
    const int64_t aStep = panels ? M * lanes : tile.aStep, bStep = panels ? N : tile.bStep, bColumn = panels ? 1 : tile.bColumn;
    const int64_t ahead = panels ? 0 : tile.ahead, twice = 2 * bColumn, thrice = 3 * bColumn;
#pragma GCC unroll 4
    for (int j = 0; j < groups; j++) b[j] = tile.b + 4 * j * bColumn;
    const auto column = [&](int j) __attribute__((always_inline)) {
      return b[j / 4] + (j % 4 == 0 ? 0 : j % 4 == 1 ? bColumn : j % 4 == 2 ? twice : thrice);
    };
    const T* later = tile.later;
    int64_t untilLater = later != nullptr ? tile.laterEvery : 0;
    for (int64_t l = tile.k; l > 0; l--, a += aStep) {
      if (panels && --untilLater == 0) {
        __builtin_prefetch(later, 0, 2);
        later += tile.laterStep;
        untilLater = tile.laterEvery;
      }
      if (!panels && ahead != 0 && l % lanes == 0) {
#pragma GCC unroll 32
        for (int j = 0; j < N; j++) __builtin_prefetch(column(j) + ahead, 0, 2);
      }
      if (M == vectors) {
#pragma GCC unroll 4
        for (int v = 0; v < M; v++) __builtin_prefetch(a + stepsAhead * aStep + v * lanes);
      }
      Vector left[M];
#pragma GCC unroll 4
      for (int v = 0; v < M; v++) left[v] = panels || v < M - 1 ? V::load(a + v * lanes) : V::load(a + v * lanes, mask);
#pragma GCC unroll 32
      for (int j = 0; j < N; j++) {
        const Vector factor = V::all(*column(j));
#pragma GCC unroll 4
        for (int v = 0; v < M; v++) sums[j][v] = V::multiplyAdd(left[v], factor, sums[j][v]);
      }
#pragma GCC unroll 4
      for (int j = 0; j < groups; j++) b[j] += bStep;
    }
    if (tile.cRow != 1) {
      storeStrided<M, N>(tile, rows, sums);
    } else if (tile.beta == 0) {
      store<M, N, false>(tile, mask, sums);
    } else {
      store<M, N, true>(tile, mask, sums);
    }
  }

  // The elements of c that will be added to: they arrive while the sums are computed.
  template <int M, int N>
  static KNET_INLINE void prefetch(const Tile<T>& tile) {
#pragma GCC unroll 32
    for (int j = 0; j < N; j++) {
#pragma GCC unroll 4
      for (int v = 0; v < M; v++) __builtin_prefetch(tile.c + j * tile.cColumn + v * lanes, 1);
    }
  }

  template <int M, int N, bool add>
  static KNET_INLINE void store(const Tile<T>& tile, typename V::Mask mask, Vector (&sums)[N][M]) {
    const Vector alpha = V::all(tile.alpha), beta = V::all(tile.beta);
#pragma GCC unroll 32
    for (int j = 0; j < N; j++) {
      T* const c = tile.c + j * tile.cColumn;
#pragma GCC unroll 4
      for (int v = 0; v < M; v++) {
        Vector x = V::multiply(alpha, sums[j][v]);
        if (add) x = V::multiplyAdd(beta, v < M - 1 ? V::load(c + v * lanes) : V::load(c + v * lanes, mask), x);
        if (v < M - 1) {
          V::store(c + v * lanes, x);
        } else {
          V::store(c + v * lanes, x, mask);
        }
      }
    }
  }

  template <int M, int N>
  static KNET_INLINE void storeStrided(const Tile<T>& tile, int64_t rows, Vector (&sums)[N][M]) {
    T buffer[N * M * lanes];
#pragma GCC unroll 32
    for (int j = 0; j < N; j++) {
#pragma GCC unroll 4
      for (int v = 0; v < M; v++) V::store(buffer + (j * M + v) * lanes, sums[j][v]);
    }
    scatter(tile, buffer, M * lanes, rows, N);
  }

  // Writes sums, columns of `height` elements, to a c whose rows do not lie one after the other.
  static __attribute__((noinline)) void scatter(const Tile<T>& tile, const T* sums, int64_t height, int64_t rows, int64_t columns) {
    if constexpr (sizeof(T) == 4) {
      if (tile.cColumn == 1) return storeRows(tile, sums, height, rows, columns);
    }
    for (int64_t i = 0; i < rows; i++) {
      T* const c = tile.c + i * tile.cRow;
      for (int64_t j = 0; j < columns; j++) {
        const T sum = tile.alpha * sums[j * height + i];
        c[j * tile.cColumn] = tile.beta == 0 ? sum : sum + tile.beta * c[j * tile.cColumn];
      }
    }
  }

  // A row-major c is written by rows.
  static KNET_INLINE void storeRows(const Tile<T>& tile, const T* sums, int64_t height, int64_t rows, int64_t columns) {
    static_assert(NR <= lanes);
    const auto mask = V::first(columns);
    const Vector alpha = V::all(tile.alpha), beta = V::all(tile.beta);
    for (int64_t v = 0; v < rows; v += lanes) {
      Vector x[lanes];
#pragma GCC unroll 16
      for (int j = 0; j < lanes; j++) x[j] = j < columns ? V::multiply(alpha, V::load(sums + j * height + v)) : V::zero();
      transpose(x);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; i++) {
        T* const c = tile.c + (v + i) * tile.cRow;
        if (v + i < rows) V::store(c, tile.beta == 0 ? x[i] : V::multiplyAdd(beta, V::load(c, mask), x[i]), mask);
      }
    }
  }
};

}  // namespace
}  // namespace knet::KNET_ISA
