#include "lstm.h"

#include <algorithm>

#include "isa.h"
#include "kernels.h"
#include "parallel.h"
#include "words.h"

namespace knet {
namespace {

// Elements of a task, and up to how many one task does them all: about 6 and 25 microseconds. Doubles go one at a time.
template <class T>
constexpr int64_t taskSize = sizeof(T) == 4 ? 4096 : 128;
template <class T>
constexpr int64_t oneTask = 4 * taskSize<T>;

template <class T, class F>
void forRanges(int64_t size, F&& run) {
  const int64_t step = size <= oneTask<T> ? size : taskSize<T>;
  parallelFor((size + step - 1) / step, [&](int64_t i) { run(i * step, std::min(size, (i + 1) * step)); });
}

// Written by native-commands/src/lstm.ts.
template <class T>
void forward(Words w) {
  LstmForward<T> l;
  l.n = w.integer();
  const int64_t m = w.integer();
  l.gates = w.pointer<T>();
  l.cell = w.pointer<T>();
  l.newHidden = w.pointer<T>();
  l.newCell = w.pointer<T>();
  forRanges<T>(l.n * m, [&](int64_t from, int64_t to) { KNET_DISPATCH(lstm(l, from, to)); });
}

template <class T>
void backward(Words w) {
  LstmBackward<T> l;
  l.n = w.integer();
  const int64_t m = w.integer();
  l.gates = w.pointer<T>();
  l.cell = w.pointer<T>();
  l.newCell = w.pointer<T>();
  l.hiddenGradient = w.pointer<T>();
  l.newCellGradient = w.pointer<T>();
  l.gatesGradient = w.pointer<T>();
  l.cellGradient = w.pointer<T>();
  forRanges<T>(l.n * m, [&](int64_t from, int64_t to) { KNET_DISPATCH(lstmGradient(l, from, to)); });
}

}  // namespace

void lstmCommand(const double* words) {
  Words w(words);
  w.dtype() == DType::float32 ? forward<float>(w) : forward<double>(w);
}

void lstmGradientCommand(const double* words) {
  Words w(words);
  w.dtype() == DType::float32 ? backward<float>(w) : backward<double>(w);
}

}  // namespace knet
