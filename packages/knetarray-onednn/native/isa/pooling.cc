// Rows of maxima. The first element of a window wins a tie, and the first NaN wins over everything.
#include "pooling.h"

#include "isa/halves.h"

namespace knet::KNET_ISA {
namespace {

// What a window without elements gives: the smallest value that there is, or 0 where there is none of that kind.
constexpr float nothing(float) { return -__builtin_inff(); }
constexpr double nothing(double) { return -__builtin_inf(); }
constexpr int32_t nothing(int32_t) { return 0; }
constexpr uint8_t nothing(uint8_t) { return 0; }

// The outputs whose element number `tap` of the window is inside x: from 0 <= i * stride - padding + tap < size.
struct Range {
  int64_t begin;
  int64_t end;
};
Range outputsOf(int64_t tap, int64_t size, int64_t count, int64_t padding, int64_t stride) {
  const int64_t before = padding - tap, last = size - 1 + before;
  const int64_t begin = before <= 0 ? 0 : (before + stride - 1) / stride, end = last < 0 ? 0 : last / stride + 1;
  return {begin, end < count ? end : count};
}

// One element of every window of a row: element `from + i * stride` of x for output i.
template <class T, int64_t fixedStride>
void meet(const T* x, int64_t from, int64_t stride, T* __restrict__ y, int32_t* __restrict__ where, Range range) {
  const int64_t step = fixedStride > 0 ? fixedStride : stride;
  for (int64_t i = range.begin; i < range.end; i++) {
    const T value = x[from + i * step], best = y[i];
    const bool wins = (where[i] < 0) | (value > best) | ((value != value) & (best == best));
    y[i] = wins ? value : best;
    where[i] = wins ? static_cast<int32_t>(from + i * step) : where[i];
  }
}

template <class T>
void row(const Pooling& g, const T* x, T* y, int32_t* where, int64_t plane, int64_t k, int64_t j) {
  for (int64_t i = 0; i < g.y[0]; i++) {
    y[i] = nothing(T());
    where[i] = -1;
  }
  for (int64_t c = 0; c < g.window[2]; c++) {
    const int64_t z = k * g.stride[2] - g.padding[2] + c;
    if (z < 0 || z >= g.x[2]) continue;
    for (int64_t b = 0; b < g.window[1]; b++) {
      const int64_t v = j * g.stride[1] - g.padding[1] + b;
      if (v < 0 || v >= g.x[1]) continue;
      const int64_t start = ((plane * g.x[2] + z) * g.x[1] + v) * g.x[0] - g.padding[0];
      for (int64_t a = 0; a < g.window[0]; a++) {
        const Range range = outputsOf(a, g.x[0], g.y[0], g.padding[0], g.stride[0]);
        switch (g.stride[0]) {
          case 1:
            meet<T, 1>(x, start + a, 1, y, where, range);
            break;
          case 2:
            meet<T, 2>(x, start + a, 2, y, where, range);
            break;
          default:
            meet<T, 0>(x, start + a, g.stride[0], y, where, range);
        }
      }
    }
  }
}

template <class T>
void rows(const Pooling& g, const T* x, T* y, int32_t* where, int64_t begin, int64_t end) {
  if (g.halves) return halveRows(g, x, y, where, begin, end);
  for (int64_t r = begin; r < end; r++) {
    const int64_t slab = r / g.y[1];
    row(g, x, y + r * g.y[0], where + r * g.y[0], slab / g.y[2], slab % g.y[2], r % g.y[1]);
  }
}

}  // namespace

void poolRows(const Pooling& g, const float* x, float* y, int32_t* where, int64_t begin, int64_t end) { rows(g, x, y, where, begin, end); }
void poolRows(const Pooling& g, const double* x, double* y, int32_t* where, int64_t begin, int64_t end) { rows(g, x, y, where, begin, end); }
void poolRows(const Pooling& g, const int32_t* x, int32_t* y, int32_t* where, int64_t begin, int64_t end) { rows(g, x, y, where, begin, end); }
void poolRows(const Pooling& g, const uint8_t* x, uint8_t* y, int32_t* where, int64_t begin, int64_t end) { rows(g, x, y, where, begin, end); }

}  // namespace knet::KNET_ISA
