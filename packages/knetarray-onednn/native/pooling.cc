// The largest element of every window, where it is, and the gradient.
#include "pooling.h"

#include <algorithm>
#include <type_traits>

#include "kernels.h"
#include "parallel.h"
#include "scratch.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements of x that one task looks at.
constexpr int64_t grain = 32768;
// Elements of the output whose places are held at a time, but for longer rows.
constexpr int64_t placesAtOnce = 4096;

Pooling geometry(Words& w) {
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
  return g;
}

// Rows of the output in parts of about `grain` elements of x.
Parts rowParts(const Pooling& g) {
  const int64_t visited = g.halves ? 4 * g.y[0] : g.y[0] * g.window[0] * g.window[1] * g.window[2];
  return {g.planes * g.y[1] * g.y[2], std::max<int64_t>(1, grain / std::max<int64_t>(1, visited))};
}

template <class T>
void maxima(const Pooling& g, const char* x, char* y, int32_t* where) {
  const Parts parts = rowParts(g);
  parallelFor(parts.size(), [&](int64_t part) {
    const int64_t begin = parts.begin(part), at = begin * g.y[0];
    int32_t* const places = where == nullptr ? nullptr : where + at;
    KNET_DISPATCH(poolRows(g, reinterpret_cast<const T*>(x), reinterpret_cast<T*>(y) + at, places, begin, parts.end(part)));
  });
}

// Windows of any kind: finds again where the largest elements of some rows are, and adds what belongs there. Whole numbers wrap
// around.
template <class T>
struct Gradient {
  using Sum = std::conditional_t<std::is_same_v<T, int32_t>, uint32_t, T>;
  const Pooling& g;
  const T* x;
  const Sum* dy;
  Sum* dx;
  int64_t n = g.y[0];
  int64_t xPlane = g.x[0] * g.x[1] * g.x[2];
  int64_t rowsOfPlane = g.y[1] * g.y[2];

  void run() {
    const int64_t visited = xPlane + n * rowsOfPlane * g.window[0] * g.window[1] * g.window[2];
    const Parts parts{g.planes, std::max<int64_t>(1, grain / std::max<int64_t>(1, visited))};
    // Elements of dx belong to one task, and get their terms in the order of the output.
    parallelFor(parts.size(), [&](int64_t part) {
      const int64_t begin = parts.begin(part), end = parts.end(part);
      std::fill(dx + begin * xPlane, dx + end * xPlane, Sum(0));
      addRows(begin * rowsOfPlane, end * rowsOfPlane);
    });
  }

  void addRows(int64_t begin, int64_t end) {
    const Parts pieces{end - begin, std::max<int64_t>(1, placesAtOnce / std::max<int64_t>(1, n))};
    // A multiple of 4, so that places lie where they should after bytes.
    const size_t held = static_cast<size_t>(pieces.grain * n + 3) / 4 * 4;
    T* const largest = static_cast<T*>(scratch(Scratch::choices, held * (sizeof(T) + sizeof(int32_t))));
    int32_t* const where = reinterpret_cast<int32_t*>(largest + held);
    for (int64_t piece = 0; piece < pieces.size(); piece++) {
      const int64_t first = begin + pieces.begin(piece), last = begin + pieces.end(piece);
      KNET_DISPATCH(poolRows(g, x, largest, where, first, last));
      const Sum* const terms = dy + first * n;
      for (int64_t i = 0; i < (last - first) * n; i++) {
        // A window that lies in the padding alone has chosen nothing.
        if (where[i] >= 0) dx[where[i]] = static_cast<Sum>(dx[where[i]] + terms[i]);
      }
    }
  }
};

template <class T>
void gradient(const Pooling& g, const char* x, const char* dy, char* dx) {
  using Sum = typename Gradient<T>::Sum;
  Gradient<T>{g, reinterpret_cast<const T*>(x), reinterpret_cast<const Sum*>(dy), reinterpret_cast<Sum*>(dx)}.run();
}

void halved(const Pooling& g, const float* x, const float* dy, float* dx) {
  const Parts parts = rowParts(g);
  parallelFor(parts.size(), [&](int64_t part) {
    const int64_t begin = parts.begin(part);
    KNET_DISPATCH(halvesGradient(g, x, dy + begin * g.y[0], dx, begin, parts.end(part)));
  });
}

}  // namespace

// Written by native-commands/src/pooling.ts.
void maxPoolingCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const char* const x = w.address();
  char* const y = w.address();
  int32_t* const where = w.pointer<int32_t>();
  const Pooling g = geometry(w);
  switch (dtype) {
    case DType::float32:
      return maxima<float>(g, x, y, where);
    case DType::float64:
      return maxima<double>(g, x, y, where);
    case DType::int32:
      return maxima<int32_t>(g, x, y, where);
    default:
      return maxima<uint8_t>(g, x, y, where);
  }
}

// Written by native-commands/src/pooling.ts.
void maxPoolingGradientCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const char* const x = w.address();
  const char* const dy = w.address();
  char* const dx = w.address();
  const Pooling g = geometry(w);
  switch (dtype) {
    case DType::float32:
      // A plane without rows of the output would not be written to.
      if (g.halves && g.y[1] > 0) {
        return halved(g, reinterpret_cast<const float*>(x), reinterpret_cast<const float*>(dy), reinterpret_cast<float*>(dx));
      }
      return gradient<float>(g, x, dy, dx);
    case DType::float64:
      return gradient<double>(g, x, dy, dx);
    case DType::int32:
      return gradient<int32_t>(g, x, dy, dx);
    default:
      return gradient<uint8_t>(g, x, dy, dx);
  }
}

}  // namespace knet
