// Products of tiles in shared memory: what the kernels of convolution have in common.
#pragma once

#include "../types.h"

namespace knet::tile {

// Threads of a block, each with `rows` x 8 elements of the result: a block has 8 `rows` x 128.
inline constexpr int threads = 128;
inline constexpr int columns = 128;

// Four neighbours, read from memory at once.
template <class T>
struct alignas(sizeof(T) * 4 > 16 ? 16 : sizeof(T) * 4) Quad {
  T v[4];
};

// A tile of `depth` lines, each one quad longer than the tile: threads that write neighbouring lines meet different banks.
template <class C, int depth, int length>
struct Lines {
  static constexpr int quads = length / 4 + 1;
  Quad<C> quad[depth][quads];

  __device__ C& at(int line, int i) { return quad[line][i / 4].v[i % 4]; }
};

// Positions of this thread's elements in the block. A warp reads 4 quads of rows and 8 quads of columns.
struct Place {
  int row, column;  // as quads; the second half of the elements is a half of the block further on

  __device__ Place() {
    const int t = static_cast<int>(threadIdx.x);
    row = (t >> 3 & 3) | t >> 6 << 2;
    column = (t & 7) | (t >> 5 & 1) << 3;
  }
  __device__ int rowOf(int i) const { return i / 4 * 32 + row * 4 + i % 4; }
  __device__ int columnOf(int j) const { return j / 4 * (columns / 2) + column * 4 + j % 4; }
};

// rows x 8 sums of a thread; rows is 4 or 8.
template <class C, int rows>
struct Sums {
  C sum[rows][8];

  __device__ Sums() {
    KNET_UNROLL
    for (int i = 0; i < rows; i++) {
      KNET_UNROLL
      for (int j = 0; j < 8; j++) sum[i][j] = C(0);
    }
  }

  template <int depth>
  __device__ void add(const Place& place, const Lines<C, depth, 8 * rows>& a, const Lines<C, depth, columns>& b) {
    KNET_UNROLL
    for (int k = 0; k < depth; k++) {
      Quad<C> p[rows / 4], q[2];
      KNET_UNROLL
      for (int i = 0; i < rows / 4; i++) p[i] = a.quad[k][place.row + 8 * i];
      KNET_UNROLL
      for (int j = 0; j < 2; j++) q[j] = b.quad[k][place.column + columns / 8 * j];
      KNET_UNROLL
      for (int i = 0; i < rows; i++) {
        KNET_UNROLL
        for (int j = 0; j < 8; j++) sum[i][j] += p[i / 4].v[i % 4] * q[j / 4].v[j % 4];
      }
    }
  }
};

// What a convolution needs to find an element of the input that is so many taps away.
template <class Index>
struct alignas(16) Tap {
  Index offset;  // in memory
  Index d[3];    // along each dimension
};

// A distance that leads out of every plane.
template <class Index>
__device__ constexpr Index nowhere() {
  return -(Index{1} << (sizeof(Index) * 8 - 2));
}

// A position in a plane of the input, which may lie in the padding.
template <class Index>
struct Position {
  Index offset;  // in memory, from the first channel on
  Index d[3];
};

// The element so many taps away, or 0 in the padding.
template <class T, class Index>
__device__ Compute<T> elementAt(const T* __restrict__ input, const Index (&lengths)[3], const Position<Index>& from, const Tap<Index>& tap) {
  using Unsigned = std::make_unsigned_t<Index>;
  const bool inside = static_cast<Unsigned>(from.d[0] + tap.d[0]) < static_cast<Unsigned>(lengths[0]) &&
                      static_cast<Unsigned>(from.d[1] + tap.d[1]) < static_cast<Unsigned>(lengths[1]) &&
                      static_cast<Unsigned>(from.d[2] + tap.d[2]) < static_cast<Unsigned>(lengths[2]);
  return inside ? static_cast<Compute<T>>(input[from.offset + tap.offset]) : Compute<T>(0);
}

}  // namespace knet::tile
