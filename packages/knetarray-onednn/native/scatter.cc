// output[.., positions[j], ..] += source[.., j, ..] along a dimension, in the order of j.
#include "scatter.h"

#include "kernels.h"
#include "parallel.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements that one task adds.
constexpr int64_t grain = 32768;

template <class T>
struct Scatter {
  T* y;
  const T* x;
  int64_t length;  // of the output's dimension
  Positions positions;
  Slices slices;  // a: the output, b: the source
  Excess excess;

  void run() {
    const int64_t yRun = std::abs(slices.aStep), ySlice = std::abs(slices.aSlice);
    if (slices.run > 1 && yRun <= ySlice) {
      runs();
    } else {
      lines();
    }
  }

  // Slice by slice: positions choose long runs. A task has a piece of the slices to itself, and adds all slices to it.
  void runs() {
    const int64_t width = std::min(slices.run, std::max<int64_t>(64, grain / positions.count));
    const int64_t pieces = (slices.run + width - 1) / width;
    const Parts parts{slices.lines * pieces, std::max<int64_t>(1, grain / (positions.count * width))};
    parallelFor(parts.size(), [&](int64_t part) {
      for (int64_t unit = parts.begin(part); unit < parts.end(part); unit++) {
        int64_t to, from;
        slices.locate(unit / pieces, to, from);
        const int64_t first = unit % pieces * width, n = std::min(width, slices.run - first);
        T* const target = y + to + first * slices.aStep;
        const T* const source = x + from + first * slices.bStep;
        for (int64_t j = 0; j < positions.count; j++) {
          const int64_t i = positions[j];
          if (inside(i, length)) {
            add(target + i * slices.aSlice, source + j * slices.bSlice, n);
          } else {
            excess.meet(i);
          }
        }
      }
    });
  }

  void add(T* __restrict__ target, const T* __restrict__ source, int64_t n) {
    const int64_t ys = slices.aStep, xs = slices.bStep;
    if (ys == 1 && xs == 1) {
      for (int64_t k = 0; k < n; k++) target[k] += source[k];
    } else {
      for (int64_t k = 0; k < n; k++) target[k * ys] += source[k * xs];
    }
  }

  // Position by position, for one element of the slices after the other.
  void lines() {
    const int64_t size = slices.size();
    // A few long lists are divided each by itself; of many lists, every task has some.
    if (size < 8) {
      for (int64_t element = 0; element < size; element++) {
        scatterLineInRanges<T>(target(element), length, terms(element), positions, excess);
      }
      return;
    }
    const Parts parts{size, std::max<int64_t>(1, grain / positions.count)};
    parallelFor(parts.size(), [&](int64_t part) {
      for (int64_t element = parts.begin(part); element < parts.end(part); element++) {
        scatterLine<T>(target(element), length, terms(element), positions, excess);
      }
    });
  }

  Line<T> target(int64_t element) const {
    int64_t to, from;
    slices.locate(element / slices.run, to, from);
    return {y + to + element % slices.run * slices.aStep, slices.aSlice};
  }
  Line<const T> terms(int64_t element) const {
    int64_t to, from;
    slices.locate(element / slices.run, to, from);
    return {x + from + element % slices.run * slices.bStep, slices.bSlice};
  }
};

template <class T>
void scatterAdd(const View& source, const Positions& positions, const View& output, int dim) {
  if (positions.count == 0) return;
  Scatter<T> s{output.as<T>(), source.as<const T>(), output.shape[dim], positions, Slices(output, source, dim), {}};
  s.run();
  s.excess.check("scatterAdd", output, dim);
}

}  // namespace

// Written by native-commands/src/gather.ts.
void scatterAddCommand(const double* words) {
  Words w(words);
  const int dim = static_cast<int>(w.integer());
  Positions positions;
  positions.data = w.pointer<const int32_t>();
  positions.step = w.integer();
  positions.count = w.integer();
  const View source = w.view(), output = w.view();
  switch (output.dtype) {
    case DType::float32:
      return scatterAdd<float>(source, positions, output, dim);
    case DType::float64:
      return scatterAdd<double>(source, positions, output, dim);
    case DType::int32:
      // Unsigned: sums wrap around.
      return scatterAdd<uint32_t>(source, positions, output, dim);
    default:
      return scatterAdd<uint8_t>(source, positions, output, dim);
  }
}

}  // namespace knet
