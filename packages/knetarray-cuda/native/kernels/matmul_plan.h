// Which kernel computes a matrix product, and how it is cut into blocks.
#pragma once

#include <algorithm>

#include "../product.h"

namespace knet {

// The part of a matrix product that one block computes at a time, and each of its threads.
template <int rows_, int columns_, int depth_, int threadRows_, int threadColumns_, int blocksEach_>
struct Tile {
  static constexpr int rows = rows_, columns = columns_;
  // Terms of the sums that are brought to shared memory together.
  static constexpr int depth = depth_;
  static constexpr int threadRows = threadRows_, threadColumns = threadColumns_;
  static constexpr int threads = rows / threadRows * (columns / threadColumns);
  // Blocks that a multiprocessor should have registers for.
  static constexpr int blocksEach = blocksEach_;
};
// 8 by 8 sums in each thread read memory least, and 4 by 4 make more blocks. Few columns are bound by memory: narrow tiles waste
// less of what was brought.
using LargeTile = Tile<128, 128, 8, 8, 8, 2>;
// The same, with room for the conversion of halves.
using LargeHalfTile = Tile<128, 128, 8, 8, 8, 1>;
using MediumTile = Tile<64, 64, 16, 4, 4, 2>;
using NarrowTile = Tile<128, 8, 16, 4, 1, 3>;

enum class Method {
  // A thread for every element of the output.
  single,
  // A warp for every element: long sums that neighbouring lanes read together, or few of them.
  warp,
  narrow,
  medium,
  large
};

struct Plan {
  Method method;
  // The sums are cut into so many parts of so many terms, which a second kernel adds.
  int64_t parts, terms;
};

// Blocks that keep a large GPU busy. The same for every GPU, so that all of them add in the same order.
inline constexpr int64_t enoughBlocks = 264;
inline constexpr int warpsPerBlock = 8;

inline int64_t piecesOf(int64_t length, int64_t piece) { return (length + piece - 1) / piece; }

// Cuts sums of k terms into at most so many parts; each has `least` terms or more, and a multiple of `unit`.
inline Plan cut(Method method, int64_t k, int64_t parts, int64_t least, int64_t unit) {
  const int64_t wanted = std::max<int64_t>(std::min(parts, k / least), 1);
  // Terms of a part are counted with 32 bits.
  const int64_t terms = std::min<int64_t>(piecesOf(piecesOf(k, wanted), unit) * unit, int64_t{1} << 30);
  return {method, piecesOf(k, terms), terms};
}

template <class Shape>
int64_t tilesOf(int64_t m, int64_t n) {
  return piecesOf(m, Shape::rows) * piecesOf(n, Shape::columns);
}

inline Plan planOf(const Product& p) {
  const int64_t count = p.batches.count, k = p.k, fewer = std::min(p.m, p.n), more = std::max(p.m, p.n);
  if (k <= 8 || (k <= 64 && p.m * p.n * k <= 8192)) return {Method::single, 1, k};
  const bool together = p.a.along == 1 && p.b.down == 1;
  if ((together && fewer <= 4) || fewer * more <= 64)
    return cut(Method::warp, k, enoughBlocks * warpsPerBlock / (fewer * more * count), 1024, 128);
  if (fewer <= NarrowTile::columns)
    return cut(Method::narrow, k, enoughBlocks / (tilesOf<NarrowTile>(more, fewer) * count), 128, NarrowTile::depth);
  if (p.dtype != DType::float64 && fewer > 64 && tilesOf<LargeTile>(p.m, p.n) * count >= enoughBlocks / 2)
    return cut(Method::large, k, 1, 1, LargeTile::depth);
  return cut(Method::medium, k, enoughBlocks / (tilesOf<MediumTile>(p.m, p.n) * count), 128, MediumTile::depth);
}

}  // namespace knet
