// output[.., j, ..] = source[.., positions[j], ..] along a dimension.
#include <cstring>

#include "ceil_divide.h"
#include "kernels.h"
#include "parallel.h"
#include "positions.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements that one task copies.
constexpr int64_t grain = 32768;

template <class T>
struct Gather {
  T* y;
  const T* x;
  int64_t length;  // of the source's dimension
  Positions positions;
  Slices slices;  // a: the output, b: the source
  Excess excess;

  void run() {
    const int64_t yRun = std::abs(slices.aStep), ySlice = std::abs(slices.aSlice);
    if (slices.run > 1 && yRun <= ySlice) {
      runs();
    } else {
      singles();
    }
  }

  // Slice by slice: positions choose long runs.
  void runs() {
    const int64_t pieces = ceilDivide(slices.run, grain);
    const int64_t each = slices.lines * pieces;
    const int64_t elements = std::max<int64_t>(1, std::min(slices.run, grain));
    const Parts parts{positions.count * each, ceilDivide(grain, elements)};
    parallelFor(parts.size(), [&](int64_t part) {
      int64_t unit = parts.begin(part);
      int64_t j = unit / each, line = unit % each / pieces, piece = unit % pieces;
      for (; unit < parts.end(part); unit++) {
        int64_t to, from;
        slices.locate(line, to, from);
        const int64_t first = piece * grain, n = std::min(grain, slices.run - first);
        copy(j, to + first * slices.aStep, from + first * slices.bStep, n);
        if (++piece < pieces) continue;
        piece = 0;
        if (++line < slices.lines) continue;
        line = 0;
        j++;
      }
    });
  }

  void copy(int64_t j, int64_t to, int64_t from, int64_t n) {
    const int64_t i = positions[j], ys = slices.aStep, xs = slices.bStep;
    T* const target = y + to + j * slices.aSlice;
    if (!inside(i, length)) {
      excess.meet(i);
      for (int64_t k = 0; k < n; k++) target[k * ys] = 0;
      return;
    }
    const T* const source = x + from + i * slices.bSlice;
    if (ys == 1 && xs == 1) {
      std::memcpy(target, source, static_cast<size_t>(n) * sizeof(T));
    } else {
      for (int64_t k = 0; k < n; k++) target[k * ys] = source[k * xs];
    }
  }

  // Position by position: for one element of the slices after the other, so that the output is written in its order.
  void singles() {
    const int64_t pieces = ceilDivide(positions.count, grain);
    const int64_t elements = std::max<int64_t>(1, std::min(positions.count, grain));
    const Parts parts{slices.size() * pieces, ceilDivide(grain, elements)};
    parallelFor(parts.size(), [&](int64_t part) {
      for (int64_t unit = parts.begin(part); unit < parts.end(part); unit++) {
        const int64_t element = unit / pieces, first = unit % pieces * grain, k = element % slices.run;
        int64_t to, from;
        slices.locate(element / slices.run, to, from);
        column(to + k * slices.aStep, from + k * slices.bStep, first, std::min(positions.count, first + grain));
      }
    });
  }

  void column(int64_t to, int64_t from, int64_t begin, int64_t end) {
    if (positions.step == 1 && slices.aSlice == 1 && slices.bSlice == 1) {
      choose<true>(y + to, x + from, begin, end);
    } else {
      choose<false>(y + to, x + from, begin, end);
    }
  }

  template <bool dense>
  void choose(T* target, const T* source, int64_t begin, int64_t end) {
    const int64_t step = dense ? 1 : positions.step, ys = dense ? 1 : slices.aSlice, xs = dense ? 1 : slices.bSlice;
    const int32_t* const list = positions.data;
    const int64_t n = length;
    for (int64_t j = begin; j < end; j++) {
      const int64_t i = list[j * step];
      if (inside(i, n)) {
        target[j * ys] = source[i * xs];
      } else {
        target[j * ys] = 0;
        excess.meet(i);
      }
    }
  }
};

template <class T>
void gather(const View& source, const Positions& positions, const View& output, int dim) {
  Gather<T> g{output.as<T>(), source.as<const T>(), source.shape[dim], positions, Slices(output, source, dim), {}};
  g.run();
  g.excess.check("gather", source, dim);
}

}  // namespace

// Written by native-commands/src/gather.ts.
void gatherCommand(const double* words) {
  Words w(words);
  const int dim = static_cast<int>(w.integer());
  Positions positions;
  positions.data = w.pointer<const int32_t>();
  positions.step = w.integer();
  positions.count = w.integer();
  const View source = w.view(), output = w.view();
  switch (bytesOf(source.dtype)) {
    case 1:
      return gather<uint8_t>(source, positions, output, dim);
    case 8:
      return gather<uint64_t>(source, positions, output, dim);
    default:
      return gather<uint32_t>(source, positions, output, dim);
  }
}

}  // namespace knet
