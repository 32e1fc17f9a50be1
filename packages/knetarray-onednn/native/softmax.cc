#include "softmax.h"

#include <algorithm>
#include <type_traits>

#include "isa.h"
#include "kernels.h"
#include "parallel.h"
#include "words.h"

namespace knet {
namespace {

// Elements of a task, and up to how many one task does them all: about 6 and 25 microseconds. Doubles go one at a time.
template <class T>
constexpr int64_t taskSize = sizeof(T) == 4 ? 8192 : 256;
template <class T>
constexpr int64_t oneTask = 4 * taskSize<T>;

// Columns that are worked on together: some cache lines of each row.
constexpr int64_t blockColumns = 64;
// Rows whose logarithms are taken together.
constexpr int64_t blockRows = 16;

inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }

template <class T, class S>
void share(const S& s) {
  // Rows of doubles are columns of which there is one.
  const bool rows = s.inner == 1 && std::is_same_v<T, float>;
  const int64_t blocks = rows ? parts(s.outer, blockRows) : s.outer * parts(s.inner, blockColumns);
  const int64_t blockSize = s.length * (rows ? blockRows : std::min(s.inner, blockColumns));
  const bool one = s.inner * s.length * s.outer <= oneTask<T>;
  const int64_t step = one ? blocks : std::max<int64_t>(1, taskSize<T> / blockSize);
  parallelFor(parts(blocks, step), [&](int64_t task) {
    const int64_t from = task * step, to = std::min(blocks, from + step);
    if constexpr (std::is_same_v<T, float>) {
      if (rows) {
        KNET_DISPATCH(softmaxRows(s, from * blockRows, std::min(s.outer, to * blockRows)));
        return;
      }
    }
    const int64_t perOuter = parts(s.inner, blockColumns);
    for (int64_t block = from; block < to; block++) {
      const int64_t o = block / perOuter, column = (block - o * perOuter) * blockColumns;
      KNET_DISPATCH(softmaxColumns(s, o, column, std::min(s.inner, column + blockColumns)));
    }
  });
}

// Written by native-commands/src/softmax.ts.
template <class T>
void forward(Words w) {
  SoftmaxForward<T> s;
  s.logarithm = w.flag();
  s.inner = w.integer();
  s.length = w.integer();
  s.outer = w.integer();
  s.x = w.pointer<T>();
  s.y = w.pointer<T>();
  share<T>(s);
}

template <class T>
void backward(Words w) {
  SoftmaxBackward<T> s;
  s.logarithm = w.flag();
  s.inner = w.integer();
  s.length = w.integer();
  s.outer = w.integer();
  s.y = w.pointer<T>();
  s.dy = w.pointer<T>();
  s.dx = w.pointer<T>();
  share<T>(s);
}

}  // namespace

void softmaxCommand(const double* words) {
  Words w(words);
  w.dtype() == DType::float32 ? forward<float>(w) : forward<double>(w);
}

void softmaxGradientCommand(const double* words) {
  Words w(words);
  w.dtype() == DType::float32 ? backward<float>(w) : backward<double>(w);
}

}  // namespace knet
