// Cumulative sums along a dimension.
#include "ceil_divide.h"
#include "kernels.h"
#include "parallel.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements that one task sums.
constexpr int64_t grain = 32768;
// Sums that go on side by side: in lanes of a vector where they lie next to each other, and otherwise just enough to hide the
// latency of an addition, as lines a power of two apart would push each other out of the first-level cache.
constexpr int64_t denseLanes = 64;
constexpr int64_t spreadLanes = 4;

// float32 sums are carried in double; whole numbers wrap around.
template <class T>
struct SumOf {
  using type = T;
};
template <>
struct SumOf<float> {
  using type = double;
};

template <class T>
struct Cumsum {
  using Sum = typename SumOf<T>::type;
  T* y;
  const T* x;
  int64_t length;
  Slices slices;  // a: the output, b: x

  void run() {
    const bool dense = slices.aStep == 1 && slices.bStep == 1 && slices.run >= spreadLanes;
    const int64_t width = dense ? denseLanes : spreadLanes, pieces = ceilDivide(slices.run, width);
    const Parts parts{slices.lines * pieces, std::max<int64_t>(1, grain / (length * width))};
    parallelFor(parts.size(), [&](int64_t part) {
      for (int64_t unit = parts.begin(part); unit < parts.end(part); unit++) {
        int64_t to, from;
        slices.locate(unit / pieces, to, from);
        const int64_t first = unit % pieces * width, n = std::min(width, slices.run - first);
        T* const target = y + to + first * slices.aStep;
        const T* const source = x + from + first * slices.bStep;
        if (dense) {
          lanes(target, source, n);
        } else if (n == spreadLanes) {
          spread<spreadLanes>(target, source);
        } else {
          for (int64_t i = 0; i < n; i++) spread<1>(target + i * slices.aStep, source + i * slices.bStep);
        }
      }
    });
  }

  void lanes(T* __restrict__ target, const T* __restrict__ source, int64_t n) {
    Sum sums[denseLanes] = {};
    for (int64_t l = 0; l < length; l++, target += slices.aSlice, source += slices.bSlice) {
      for (int64_t i = 0; i < n; i++) target[i] = static_cast<T>(sums[i] = static_cast<Sum>(sums[i] + source[i]));
    }
  }

  template <int64_t n>
  void spread(T* __restrict__ target, const T* __restrict__ source) {
    const int64_t ys = slices.aStep, xs = slices.bStep;
    Sum sums[n] = {};
    for (int64_t l = 0; l < length; l++, target += slices.aSlice, source += slices.bSlice) {
      for (int64_t i = 0; i < n; i++) target[i * ys] = static_cast<T>(sums[i] = static_cast<Sum>(sums[i] + source[i * xs]));
    }
  }
};

template <class T>
void cumsum(const View& x, const View& output, int dim) {
  if (output.size() == 0) return;
  Cumsum<T>{output.as<T>(), x.as<const T>(), output.shape[dim], Slices(output, x, dim)}.run();
}

}  // namespace

// Written by native-commands/src/gather.ts.
void cumsumCommand(const double* words) {
  Words w(words);
  const int dim = static_cast<int>(w.integer());
  const View x = w.view(), output = w.view();
  switch (x.dtype) {
    case DType::float32:
      return cumsum<float>(x, output, dim);
    case DType::float64:
      return cumsum<double>(x, output, dim);
    case DType::int32:
      return cumsum<uint32_t>(x, output, dim);
    default:
      return cumsum<uint8_t>(x, output, dim);
  }
}

}  // namespace knet
