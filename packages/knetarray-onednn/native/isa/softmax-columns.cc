// Softmax along a strided dimension: a few vectors of neighbouring columns are worked on together.
#include "../softmax.h"
#include "totals.h"

namespace knet::KNET_ISA {
namespace {

// Vectors of columns that are full, or one that need not be.
template <class T>
constexpr int together = sizeof(T) == 4 ? 4 : 8;

// Calls run(first column, columns) with the number of vectors as its template argument.
template <class T, class R>
inline void forTiles(int64_t from, int64_t to, R&& run) {
  using L = Lanes<T>;
  constexpr int64_t tile = together<T> * L::count;
  for (; from + tile <= to; from += tile) run.template operator()<together<T>>(from, L::count);
  for (; from < to; from += L::count) run.template operator()<1>(from, to - from);
}

// Sums of step(row, vector) over all rows, for each vector.
template <class T, int vectors, class S>
inline void sumRows(int64_t length, typename Lanes<T>::V* sums, S&& step) {
  LaneSum<T> wide[vectors];
  for (int64_t first = 0; first < length; first += sumBlock) {
    const int64_t end = first + sumBlock < length ? first + sumBlock : length;
    typename Lanes<T>::V part[vectors];
    for (int v = 0; v < vectors; v++) part[v] = Lanes<T>::all(0);
    for (int64_t i = first; i < end; i++)
      for (int v = 0; v < vectors; v++) part[v] = step(i, v, part[v]);
    for (int v = 0; v < vectors; v++) wide[v].add(part[v]);
  }
  for (int v = 0; v < vectors; v++) sums[v] = wide[v].value();
}

template <class T>
struct Forward {
  using L = Lanes<T>;
  using V = typename L::V;
  const SoftmaxForward<T>& s;
  int64_t base;

  template <int vectors>
  void operator()(int64_t column, int64_t n) const {
    const int64_t inner = s.inner, length = s.length;
    const T* const x = s.x + base + column;
    T* const y = s.y + base + column;
    const auto at = [inner](int64_t i, int v) { return i * inner + v * L::count; };
    V most[vectors], sums[vectors];
    for (int v = 0; v < vectors; v++) most[v] = L::all(-__builtin_inff());
    // A NaN is passed over here; it makes the sum NaN.
    for (int64_t i = 0; i < length; i++)
      for (int v = 0; v < vectors; v++) most[v] = maxOrSecond(L::load(x + at(i, v), n), most[v]);
    if (s.logarithm) {
      sumRows<T, vectors>(length, sums, [&](int64_t i, int v, V sum) { return sum + expOfNegative(L::load(x + at(i, v), n) - most[v]); });
      for (int v = 0; v < vectors; v++) sums[v] = log(sums[v]);
      for (int64_t i = 0; i < length; i++)
        for (int v = 0; v < vectors; v++) L::store(y + at(i, v), (L::load(x + at(i, v), n) - most[v]) - sums[v], n);
    } else {
      sumRows<T, vectors>(length, sums, [&](int64_t i, int v, V sum) {
        const V e = expOfNegative(L::load(x + at(i, v), n) - most[v]);
        L::store(y + at(i, v), e, n);
        return sum + e;
      });
      for (int v = 0; v < vectors; v++) sums[v] = L::all(1) / sums[v];
      for (int64_t i = 0; i < length; i++)
        for (int v = 0; v < vectors; v++) L::store(y + at(i, v), L::load(y + at(i, v), n) * sums[v], n);
    }
  }
};

template <class T>
struct Backward {
  using L = Lanes<T>;
  using V = typename L::V;
  const SoftmaxBackward<T>& s;
  int64_t base;

  template <int vectors>
  void operator()(int64_t column, int64_t n) const {
    const int64_t inner = s.inner, length = s.length;
    const T *const y = s.y + base + column, *const dy = s.dy + base + column;
    T* const dx = s.dx + base + column;
    const auto at = [inner](int64_t i, int v) { return i * inner + v * L::count; };
    V sums[vectors];
    if (s.logarithm) {
      sumRows<T, vectors>(length, sums, [&](int64_t i, int v, V sum) { return sum + L::load(dy + at(i, v), n); });
      for (int64_t i = 0; i < length; i++)
        for (int v = 0; v < vectors; v++)
          L::store(dx + at(i, v), fnma(expOfNegative(L::load(y + at(i, v), n)), sums[v], L::load(dy + at(i, v), n)), n);
    } else {
      sumRows<T, vectors>(length, sums, [&](int64_t i, int v, V sum) {
        return fma(L::load(dy + at(i, v), n), L::load(y + at(i, v), n), sum);
      });
      for (int64_t i = 0; i < length; i++)
        for (int v = 0; v < vectors; v++)
          L::store(dx + at(i, v), L::load(y + at(i, v), n) * (L::load(dy + at(i, v), n) - sums[v]), n);
    }
  }
};

template <class T>
void forward(const SoftmaxForward<T>& s, int64_t o, int64_t from, int64_t to) {
  forTiles<T>(from, to, Forward<T>{s, o * s.inner * s.length});
}
template <class T>
void backward(const SoftmaxBackward<T>& s, int64_t o, int64_t from, int64_t to) {
  forTiles<T>(from, to, Backward<T>{s, o * s.inner * s.length});
}

}  // namespace

void softmaxColumns(const SoftmaxForward<float>& s, int64_t o, int64_t from, int64_t to) { forward(s, o, from, to); }
void softmaxColumns(const SoftmaxForward<double>& s, int64_t o, int64_t from, int64_t to) { forward(s, o, from, to); }
void softmaxColumns(const SoftmaxBackward<float>& s, int64_t o, int64_t from, int64_t to) { backward(s, o, from, to); }
void softmaxColumns(const SoftmaxBackward<double>& s, int64_t o, int64_t from, int64_t to) { backward(s, o, from, to); }

}  // namespace knet::KNET_ISA
