// Rows of maxima. The first element of a window wins a tie, and the first NaN wins over everything.
#include "pooling.h"

#include "isa/halves_maxima.h"

namespace knet::KNET_ISA {
namespace {

// A value that no other is below.
template <class T>
constexpr T lowest = 0;
template <>
constexpr float lowest<float> = -__builtin_inff();
template <>
constexpr double lowest<double> = -__builtin_inf();
template <>
constexpr int32_t lowest<int32_t> = INT32_MIN;

// What a window that lies in the padding alone gives.
template <class T>
constexpr T nothing = T(0.5) == 0 ? T(0) : lowest<T>;

// Whether b, which comes after a, takes its place.
template <class T>
bool later(T a, T b) {
  return !(b <= a) & (a == a);
}

// The elements of x along one dimension that a window covers.
struct Span {
  int64_t begin;
  int64_t end;

  Span(const Pooling& g, int d, int64_t i) : begin(i * g.stride[d] - g.padding[d]), end(begin + g.window[d]) {
    if (begin < 0) begin = 0;
    if (end > g.x[d]) end = g.x[d];
  }
  bool empty() const { return begin >= end; }
};

int64_t startOf(const Pooling& g, int64_t plane, int64_t z, int64_t v) { return ((plane * g.x[2] + z) * g.x[1] + v) * g.x[0]; }

// What a block computes in: vectors of elements, of places as wide, and what compares give. Bytes are widened.
#ifdef __AVX512F__
constexpr int vectorBytes = 64;
#else
constexpr int vectorBytes = 32;
#endif
template <class T>
struct Vectors {
  using Element = T;
  using Place = int32_t;
};
template <>
struct Vectors<double> {
  using Element = double;
  using Place = int64_t;
};
template <>
struct Vectors<uint8_t> {
  using Element = int32_t;
  using Place = int32_t;
};

// Elements of x that the outputs of a block may reach over, at most.
constexpr int64_t maxReach = 1024;

// As many outputs of a row as a vector has lanes, all of which are computed however short the row is: a loop over the rest would
// guess at each comparison.
template <class T>
struct Block {
  using Element = typename Vectors<T>::Element;
  using Place = typename Vectors<T>::Place;
  static constexpr int64_t size = vectorBytes / sizeof(Element);
  typedef Element Values __attribute__((vector_size(vectorBytes)));
  typedef Place Places __attribute__((vector_size(vectorBytes)));

  Values best = Values{} + lowest<Element>;
  Places where;
  Places lanes;   // 0, stride, 2 stride, ..
  Places chosen;  // 0, 2, 4, .. of two vectors

  // Elements that it reads around the first one of the first window.
  static int64_t reach(const Pooling& g) { return size * g.stride[0] + g.window[0]; }

  Block(const Pooling& g, Span zs, Span vs, int64_t slice, int64_t i0) {
    // A window whose elements are all the lowest value has the first of them.
    const bool empty = zs.empty() || vs.empty();
    for (int64_t i = 0; i < size; i++) {
      const Span us(g, 0, i0 + i);
      where[i] = empty || us.empty() ? -1 : static_cast<Place>(slice + us.begin);
      lanes[i] = static_cast<Place>(i * g.stride[0]);
      chosen[i] = static_cast<Place>(2 * i);
    }
  }

  // One element of each window: values[i * stride], at first + i * stride in x.
  void meet(const Element* values, int64_t stride, int64_t first) {
    Values value;
    if (stride == 1) {
      __builtin_memcpy(&value, values, sizeof value);
    } else if (stride == 2) {
      Values next;
      __builtin_memcpy(&value, values, sizeof value);
      __builtin_memcpy(&next, values + size, sizeof next);
      value = __builtin_shuffle(value, next, chosen);
    } else {
      for (int64_t i = 0; i < size; i++) value[i] = values[i * stride];
    }
    // As `later`, for every lane.
    const Places stays = (value <= best) | (best != best);
    best = stays ? best : value;
    where = stays ? where : lanes + static_cast<Place>(first);
  }
};

inline const float* direct(const float* x) { return x; }
inline const double* direct(const double* x) { return x; }
inline const int32_t* direct(const int32_t* x) { return x; }
inline const int32_t* direct(const uint8_t*) { return nullptr; }

// Outputs from i0 on of a row: those of one block.
template <class T>
void blockOf(const Pooling& g, const T* x, T* y, int32_t* where, int64_t plane, Span zs, Span vs, int64_t i0) {
  using Element = typename Block<T>::Element;
  const int64_t left = i0 * g.stride[0] - g.padding[0], reach = Block<T>::reach(g);
  const int64_t begin = left < 0 ? -left : 0, end = left + reach > g.x[0] ? g.x[0] - left : reach;
  // Before x begins and after it ends there is what never wins.
  Element padded[maxReach];
  const bool inside = begin == 0 && end == reach && direct(x) != nullptr;
  if (!inside) {
    for (int64_t i = 0; i < reach; i++) padded[i] = lowest<Element>;
  }
  Block<T> block(g, zs, vs, startOf(g, plane, zs.begin, vs.begin), i0);
  for (int64_t z = zs.begin; z < zs.end; z++) {
    for (int64_t v = vs.begin; v < vs.end; v++) {
      const int64_t start = startOf(g, plane, z, v) + left;
      const Element* values = padded;
      if (inside) {
        values = direct(x + start);
      } else {
        for (int64_t i = begin; i < end; i++) padded[i] = x[start + i];
      }
      for (int64_t a = 0; a < g.window[0]; a++) block.meet(values + a, g.stride[0], start + a);
    }
  }
  for (int64_t i = 0; i < Block<T>::size && i0 + i < g.y[0]; i++) {
    if (where != nullptr) where[i0 + i] = static_cast<int32_t>(block.where[i]);
    y[i0 + i] = block.where[i] < 0 ? nothing<T> : static_cast<T>(block.best[i]);
  }
}

// One output: for few of them, or windows that reach far.
template <class T>
void single(const Pooling& g, const T* x, T* y, int32_t* where, int64_t plane, Span zs, Span vs, int64_t i) {
  const Span us(g, 0, i);
  int64_t place = -1;
  T best = nothing<T>;
  for (int64_t z = zs.begin; z < zs.end; z++) {
    for (int64_t v = vs.begin; v < vs.end; v++) {
      const int64_t start = startOf(g, plane, z, v);
      for (int64_t u = us.begin; u < us.end; u++) {
        if (place >= 0 && !later(best, x[start + u])) continue;
        place = start + u;
        best = x[place];
      }
    }
  }
  y[i] = best;
  if (where != nullptr) where[i] = static_cast<int32_t>(place);
}

template <class T>
void rows(const Pooling& g, const T* x, T* y, int32_t* where, int64_t begin, int64_t end) {
  const bool blocks = g.y[0] > 2 && Block<T>::reach(g) <= maxReach;
  for (int64_t r = begin; r < end; r++) {
    const int64_t slab = r / g.y[1], plane = slab / g.y[2], first = (r - begin) * g.y[0];
    int32_t* const places = where == nullptr ? nullptr : where + first;
    const Span zs(g, 2, slab % g.y[2]), vs(g, 1, r % g.y[1]);
    for (int64_t i = 0; i < g.y[0]; i += blocks ? Block<T>::size : 1) {
      if (blocks) {
        blockOf(g, x, y + first, places, plane, zs, vs, i);
      } else {
        single(g, x, y + first, places, plane, zs, vs, i);
      }
    }
  }
}

}  // namespace

void poolRows(const Pooling& g, const float* x, float* y, int32_t* where, int64_t begin, int64_t end) {
  if (g.halves) return where == nullptr ? halveRows<false>(g, x, y, where, begin, end) : halveRows<true>(g, x, y, where, begin, end);
  rows(g, x, y, where, begin, end);
}
void poolRows(const Pooling& g, const double* x, double* y, int32_t* where, int64_t begin, int64_t end) {
  rows(g, x, y, where, begin, end);
}
void poolRows(const Pooling& g, const int32_t* x, int32_t* y, int32_t* where, int64_t begin, int64_t end) {
  rows(g, x, y, where, begin, end);
}
void poolRows(const Pooling& g, const uint8_t* x, uint8_t* y, int32_t* where, int64_t begin, int64_t end) {
  rows(g, x, y, where, begin, end);
}

}  // namespace knet::KNET_ISA
