// Softmax of rows that lie in one run. Rows are short as a rule: their logarithms are taken a vector at a time.
#include "../softmax.h"
#include "totals.h"

namespace knet::KNET_ISA {
namespace {

// Rows of at most this many elements are worked on together, while they are all in the L1 cache.
constexpr int64_t shortRow = 256;

// Sum of step(i, n) over a row; the first n elements of a vector count, and what step returns is 0 in the others.
template <class S>
inline float rowSum(int64_t length, S&& step) {
  constexpr int64_t block = sumBlock * width;
  LaneSum<float> wide;
  for (int64_t first = 0;; first += block) {
    const int64_t end = first + block < length ? first + block : length;
    F part[4] = {set(0.0f), set(0.0f), set(0.0f), set(0.0f)};
    int64_t i = first;
    for (; i + 4 * width <= end; i += 4 * width)
      for (int v = 0; v < 4; v++) part[v] = part[v] + step(i + v * width, width);
    for (; i < end; i += width) part[0] = part[0] + step(i, end - i < width ? end - i : width);
    const F sum = (part[0] + part[1]) + (part[2] + part[3]);
    if (length <= block) return total(sum)[0];
    wide.add(sum);
    if (end == length) return wide.whole();
  }
}

inline F rowMost(const float* x, int64_t length) {
  const F lowest = set(-__builtin_inff());
  F most[4] = {lowest, lowest, lowest, lowest};
  int64_t i = 0;
  for (; i + 4 * width <= length; i += 4 * width)
    for (int v = 0; v < 4; v++) most[v] = maxOrSecond(load(x + i + v * width), most[v]);
  for (; i + width <= length; i += width) most[0] = maxOrSecond(load(x + i), most[0]);
  if (i < length) most[0] = maxOrSecond(loadFirstOr(x + i, length - i, lowest), most[0]);
  return largest(maxOrSecond(maxOrSecond(most[0], most[1]), maxOrSecond(most[2], most[3])));
}

// A vector of a row with -Infinity behind its end, whose exponential is 0.
inline F loadRow(const float* x, int64_t n) { return n == width ? load(x) : loadFirstOr(x, n, set(-__builtin_inff())); }

template <class M>
inline void mapRow(int64_t length, float* y, M&& element) {
  int64_t i = 0;
  for (; i + width <= length; i += width) store(y + i, element(i, int64_t{width}));
  if (i < length) storeFirst(y + i, element(i, length - i), length - i);
}

// At most a vector of rows, each at most a vector.
void forwardShort(const SoftmaxForward<float>& s, int64_t first, int64_t rows) {
  const int64_t length = s.length;
  const float* const x = s.x + first * length;
  float* const y = s.y + first * length;
  const F lowest = set(-__builtin_inff());
  F shifted[width], work[width];
  for (int64_t r = 0; r < rows; r++) shifted[r] = work[r] = loadFirstOr(x + r * length, length, lowest);
  for (int64_t r = rows; r < width; r++) shifted[r] = work[r] = set(0.0f);
  float most[width], sums[width];
  store(most, combinedEach<Larger>(work));
  for (int r = 0; r < width; r++) {
    shifted[r] = shifted[r] - set(most[r]);
    work[r] = expOfNegative(shifted[r]);
  }
  if (s.logarithm) {
    store(sums, log(combinedEach<Plus>(work)));
    for (int64_t r = 0; r < rows; r++) storeFirst(y + r * length, shifted[r] - set(sums[r]), length);
  } else {
    for (int r = 0; r < width; r++) shifted[r] = work[r];
    store(sums, set(1.0f) / combinedEach<Plus>(work));
    for (int64_t r = 0; r < rows; r++) storeFirst(y + r * length, shifted[r] * set(sums[r]), length);
  }
}

// At most a vector of rows.
void forward(const SoftmaxForward<float>& s, int64_t first, int64_t rows) {
  const int64_t length = s.length;
  float most[width], sums[width];
  for (int64_t r = 0; r < rows; r++) {
    const float* const x = s.x + (first + r) * length;
    float* const y = s.y + (first + r) * length;
    const F m = rowMost(x, length);
    most[r] = m[0];
    sums[r] = s.logarithm ? rowSum(length, [x, m](int64_t i, int64_t n) { return expOfNegative(loadRow(x + i, n) - m); })
                          : rowSum(length, [x, y, m](int64_t i, int64_t n) {
                              const F e = expOfNegative(loadRow(x + i, n) - m);
                              Lanes<float>::store(y + i, e, n);
                              return e;
                            });
  }
  const F all = Lanes<float>::load(sums, rows);
  store(sums, s.logarithm ? log(all) : set(1.0f) / all);
  for (int64_t r = 0; r < rows; r++) {
    const float* const x = s.x + (first + r) * length;
    float* const y = s.y + (first + r) * length;
    const F m = set(most[r]), sum = set(sums[r]);
    if (s.logarithm)
      mapRow(length, y, [x, m, sum](int64_t i, int64_t n) { return (Lanes<float>::load(x + i, n) - m) - sum; });
    else
      mapRow(length, y, [y, sum](int64_t i, int64_t n) { return Lanes<float>::load(y + i, n) * sum; });
  }
}

void backward(const SoftmaxBackward<float>& s, int64_t row) {
  using L = Lanes<float>;
  const int64_t length = s.length;
  const float *const y = s.y + row * length, *const dy = s.dy + row * length;
  float* const dx = s.dx + row * length;
  if (s.logarithm) {
    const F sum = set(rowSum(length, [dy](int64_t i, int64_t n) { return L::load(dy + i, n); }));
    mapRow(length, dx, [y, dy, sum](int64_t i, int64_t n) { return fnma(expOfNegative(L::load(y + i, n)), sum, L::load(dy + i, n)); });
  } else {
    const F sum = set(rowSum(length, [y, dy](int64_t i, int64_t n) { return L::load(dy + i, n) * L::load(y + i, n); }));
    mapRow(length, dx, [y, dy, sum](int64_t i, int64_t n) { return L::load(y + i, n) * (L::load(dy + i, n) - sum); });
  }
}

}  // namespace

void softmaxRows(const SoftmaxForward<float>& s, int64_t from, int64_t to) {
  const int64_t step = s.length <= shortRow ? width : 1;
  const auto run = s.length <= width ? forwardShort : forward;
  for (; from < to; from += step) run(s, from, to - from < step ? to - from : step);
}

void softmaxRows(const SoftmaxBackward<float>& s, int64_t from, int64_t to) {
  for (; from < to; from++) backward(s, from);
}

}  // namespace knet::KNET_ISA
