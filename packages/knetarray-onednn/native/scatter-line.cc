#include "scatter.h"

#include <algorithm>

#include "bounds.h"
#include "parallel.h"
#include "slices.h"

namespace knet {
namespace {

// Below this many positions one thread is done before another has begun.
constexpr int64_t fewPositions = 32768;
// Positions whose smallest and largest are noted together, at least, and how many such pieces there may be.
constexpr int64_t pieceSize = 2048;
constexpr int64_t maxPieces = 1024;
// Ranges of the output: about this many positions each.
constexpr int64_t rangePositions = 32768;
constexpr int64_t maxRanges = 64;

template <class T, bool dense>
void add(Line<T> y, int64_t low, int64_t high, Line<const T> x, const Positions& positions, int64_t begin, int64_t end, Excess* excess) {
  const int64_t step = dense ? 1 : positions.step, ys = dense ? 1 : y.step, xs = dense ? 1 : x.step;
  const int32_t* const list = positions.data;
  for (int64_t j = begin; j < end; j++) {
    const int64_t i = list[j * step];
    if (inside(i - low, high - low)) {
      y.data[i * ys] += x.data[j * xs];
    } else if (excess != nullptr) {
      excess->meet(i);
    }
  }
}

// Adds what goes to the elements low .. high-1. With `excess`, those are all there are.
template <class T>
void addRange(Line<T> y, int64_t low, int64_t high, Line<const T> x, const Positions& positions, Parts parts, int64_t part,
              Excess* excess) {
  const int64_t begin = parts.begin(part), end = parts.end(part);
  if (positions.step == 1 && y.step == 1 && x.step == 1) {
    add<T, true>(y, low, high, x, positions, begin, end, excess);
  } else {
    add<T, false>(y, low, high, x, positions, begin, end, excess);
  }
}

// The smallest and the largest position of every piece of a dense list; the largest is below the smallest where all are negative.
struct Bounds {
  Parts pieces;
  int32_t low[maxPieces];
  int32_t high[maxPieces];

  explicit Bounds(const Positions& positions)
      : pieces{positions.count, std::max(pieceSize, (positions.count + maxPieces - 1) / maxPieces)} {
    const Parts groups{pieces.size(), std::max<int64_t>(1, rangePositions / pieces.grain)};
    parallelFor(groups.size(), [&](int64_t group) {
      for (int64_t p = groups.begin(group); p < groups.end(group); p++) {
        const int64_t begin = pieces.begin(p);
        KNET_DISPATCH(boundsOf(positions.data + begin, pieces.end(p) - begin, low[p], high[p]));
      }
    });
  }
};

// Every task owns a range of the output and goes through the pieces that reach into it, in order: no two tasks write to one
// element, and each element meets its terms in the order of j. Worth it only where pieces reach into few ranges, as the positions of
// maxima do. False when they do not.
template <class T>
bool addInRanges(Line<T> y, int64_t length, Line<const T> x, const Positions& positions, Excess& excess) {
  const Bounds bounds(positions);
  const int64_t pieces = bounds.pieces.size();
  const int64_t wanted = std::clamp<int64_t>(positions.count / rangePositions, 2, maxRanges);
  const Parts ranges{length, (length / wanted + 64) / 64 * 64};
  int64_t visits = 0;
  for (int64_t p = 0; p < pieces; p++) {
    excess.meet(bounds.high[p] >= length ? bounds.high[p] : -1);
    visits += std::max<int64_t>(0, bounds.high[p] / ranges.grain - bounds.low[p] / ranges.grain + 1);
  }
  if (ranges.size() < 2 || visits > pieces + pieces / 2) return false;
  parallelFor(ranges.size(), [&](int64_t range) {
    const int64_t low = ranges.begin(range), high = ranges.end(range);
    for (int64_t p = 0; p < pieces; p++) {
      if (bounds.low[p] < high && bounds.high[p] >= low) addRange(y, low, high, x, positions, bounds.pieces, p, nullptr);
    }
  });
  return true;
}

}  // namespace

template <class T>
void scatterLine(Line<T> y, int64_t length, Line<const T> x, const Positions& positions, Excess& excess) {
  addRange(y, 0, length, x, positions, Parts{positions.count, positions.count}, 0, &excess);
}

template <class T>
void scatterLineInRanges(Line<T> y, int64_t length, Line<const T> x, const Positions& positions, Excess& excess) {
  if (positions.count > fewPositions && positions.step == 1 && threadCount() > 1 && addInRanges(y, length, x, positions, excess)) return;
  scatterLine(y, length, x, positions, excess);
}

#define KNET_INSTANTIATE(T)                                                            \
  template void scatterLine(Line<T>, int64_t, Line<const T>, const Positions&, Excess&); \
  template void scatterLineInRanges(Line<T>, int64_t, Line<const T>, const Positions&, Excess&);
KNET_INSTANTIATE(float)
KNET_INSTANTIATE(double)
KNET_INSTANTIATE(uint32_t)
KNET_INSTANTIATE(uint8_t)

}  // namespace knet
