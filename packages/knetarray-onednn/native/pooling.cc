// The largest element of every window, and where it is.
#include "pooling.h"

#include "kernels.h"
#include "parallel.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements of x that one task looks at.
constexpr int64_t grain = 32768;

template <class T>
void run(const Pooling& g, char* x, char* y, int32_t* where) {
  const int64_t visited = g.halves ? 4 * g.y[0] : g.y[0] * g.window[0] * g.window[1] * g.window[2];
  const Parts parts{g.planes * g.y[1] * g.y[2], std::max<int64_t>(1, grain / std::max<int64_t>(1, visited))};
  parallelFor(parts.size(), [&](int64_t part) {
    KNET_DISPATCH(poolRows(g, reinterpret_cast<const T*>(x), reinterpret_cast<T*>(y), where, parts.begin(part), parts.end(part)));
  });
}

}  // namespace

// Written by src/kernels/pooling.ts.
void maxPoolingCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  char* const x = w.address();
  char* const y = w.address();
  int32_t* const where = w.pointer<int32_t>();
  Pooling g;
  g.planes = w.integer();
  for (int d = 0; d < 3; d++) {
    g.x[d] = w.integer();
    g.y[d] = w.integer();
    g.window[d] = w.integer();
    g.padding[d] = w.integer();
    g.stride[d] = w.integer();
  }
  g.halves = true;
  for (int d = 0; d < 3; d++) {
    const int64_t size = d < 2 ? 2 : 1;
    g.halves = g.halves && g.window[d] == size && g.stride[d] == size && g.padding[d] == 0 && size * g.y[d] <= g.x[d];
  }
  // A third dimension that is not divided is as good as more planes, if all of it is used.
  g.halves = g.halves && g.y[2] == g.x[2];
  switch (dtype) {
    case DType::float32:
      return run<float>(g, x, y, where);
    case DType::float64:
      return run<double>(g, x, y, where);
    case DType::int32:
      return run<int32_t>(g, x, y, where);
    default:
      return run<uint8_t>(g, x, y, where);
  }
}

}  // namespace knet
