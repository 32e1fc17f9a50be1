// Combining elements into accumulators: a vector of double precision numbers or of int64 at a time.
#include "../reduce.h"

#include <math.h>
#include <string.h>

#include <type_traits>

#include "loops.h"

namespace knet::KNET_ISA {
namespace {

#ifdef __AVX512F__
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
// Shorter rows are combined several at a time.
constexpr int64_t longEnough = 16;

template <class T>
using Vector __attribute__((vector_size(sizeof(T) * lanes))) = T;

template <class A>
A& entry(Accumulator& a) {
  if constexpr (std::is_same_v<A, double>)
    return a.real;
  else
    return a.whole;
}

// Each combines numbers or vectors.
struct Sum {
  template <class A>
  static constexpr A first = 0;
  template <class V>
  static V apply(V a, V x) {
    return a + x;
  }
};
// Whole numbers wrap around: they are multiplied without a sign.
struct Prod {
  template <class A>
  static constexpr A first = 1;
  static double apply(double a, double x) { return a * x; }
  static int64_t apply(int64_t a, int64_t x) { return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(x)); }
  static Vector<double> apply(Vector<double> a, Vector<double> x) { return a * x; }
  static Vector<int64_t> apply(Vector<int64_t> a, Vector<int64_t> x) {
    return reinterpret_cast<Vector<int64_t>>(reinterpret_cast<Vector<uint64_t>>(a) * reinterpret_cast<Vector<uint64_t>>(x));
  }
};
// NaN stays once it is met. Zeros differ by sign: as whole numbers, the bits of +0 are larger than those of -0.
struct Max {
  template <class A>
  static constexpr A first = std::is_same_v<A, double> ? static_cast<A>(-HUGE_VAL) : static_cast<A>(INT64_MIN);
  static double apply(double a, double x) {
    return x > a || x != x || (x == a && __builtin_signbit(a)) ? x : a;
  }
  static int64_t apply(int64_t a, int64_t x) { return x > a ? x : a; }
  static Vector<double> apply(Vector<double> a, Vector<double> x) {
    const auto sooner = (x > a) | (x != x) | ((x == a) & (reinterpret_cast<Vector<int64_t>>(a) < 0));
    return sooner ? x : a;
  }
  static Vector<int64_t> apply(Vector<int64_t> a, Vector<int64_t> x) { return x > a ? x : a; }
};
struct Min {
  template <class A>
  static constexpr A first = std::is_same_v<A, double> ? static_cast<A>(HUGE_VAL) : static_cast<A>(INT64_MAX);
  static double apply(double a, double x) {
    return x < a || x != x || (x == a && __builtin_signbit(x)) ? x : a;
  }
  static int64_t apply(int64_t a, int64_t x) { return x < a ? x : a; }
  static Vector<double> apply(Vector<double> a, Vector<double> x) {
    const auto sooner = (x < a) | (x != x) | ((x == a) & (reinterpret_cast<Vector<int64_t>>(x) < 0));
    return sooner ? x : a;
  }
  static Vector<int64_t> apply(Vector<int64_t> a, Vector<int64_t> x) { return x < a ? x : a; }
};

template <class T, class A>
Vector<A> load(const T* x) {
  Vector<T> v;
  memcpy(&v, x, sizeof v);
  if constexpr (std::is_same_v<T, A>)
    return v;
  else
    return __builtin_convertvector(v, Vector<A>);
}

// Adds the result of one piece to those before it.
template <class T, class A, class F>
void add(const Accumulators& into, int64_t i, A x) {
  A& total = entry<A>(into.values[i]);
  if constexpr (std::is_same_v<T, double> && std::is_same_v<F, Sum>) {
    // The sum of two numbers and its rounding error (Neumaier, ZAMM 54 (1974) 39).
    const double sum = total + x;
    into.lost[i] += fabs(total) >= fabs(x) ? total - sum + x : x - sum + total;
    total = sum;
  } else {
    total = F::apply(total, x);
  }
}

template <class T, class A, class F>
A longRow(const T* x, int64_t n) {
  const Vector<A> first = Vector<A>{} + F::template first<A>;
  Vector<A> a = first, b = first, c = first, d = first;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = F::apply(a, load<T, A>(x + i));
    b = F::apply(b, load<T, A>(x + i + lanes));
    c = F::apply(c, load<T, A>(x + i + 2 * lanes));
    d = F::apply(d, load<T, A>(x + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) a = F::apply(a, load<T, A>(x + i));
  const Vector<A> all = F::apply(F::apply(a, b), F::apply(c, d));
  A part[lanes];
  memcpy(part, &all, sizeof part);
  for (int half = lanes / 2; half > 0; half /= 2) {
    for (int k = 0; k < half; k++) part[k] = F::apply(part[k], part[k + half]);
  }
  A total = part[0];
  for (; i < n; i++) total = F::apply(total, static_cast<A>(x[i]));
  return total;
}

// Pairs of neighbouring runs of `run` lanes, of a and of b, combined: half as many of them remain.
template <int run, class F, class V>
V fold(V a, V b) {
  Vector<int64_t> even, odd;
  for (int l = 0; l < lanes; l++) {
    const int in = l % (2 * run), from = l - in + (in < run ? in : lanes + in - run);
    even[l] = from;
    odd[l] = from + run;
  }
  return F::apply(__builtin_shuffle(a, b, even), __builtin_shuffle(a, b, odd));
}

// The totals of `lanes` rows of n elements, which take that many vectors.
template <class T, class A, class F>
Vector<A> shortRows(const T* x, int64_t n, int64_t vectors) {
  const Vector<A> first = Vector<A>{} + F::template first<A>;
  Vector<int64_t> lane;
  for (int l = 0; l < lanes; l++) lane[l] = l;
  const Vector<int64_t> inside = lane < n - (vectors - 1) * lanes;
  Vector<A> a[lanes];
  for (int k = 0; k < lanes; k++, x += n) {
    const Vector<A> last = inside ? load<T, A>(x + (vectors - 1) * lanes) : first;
    a[k] = last;
    for (int64_t v = 0; v + 1 < vectors; v++) a[k] = F::apply(a[k], load<T, A>(x + v * lanes));
  }
  for (int k = 0; k < lanes; k += 2) a[k / 2] = fold<1, F>(a[k], a[k + 1]);
  for (int k = 0; k < lanes / 2; k += 2) a[k / 2] = fold<2, F>(a[k], a[k + 1]);
#ifdef __AVX512F__
  return fold<4, F>(a[0], a[1]);
#else
  return a[0];
#endif
}

template <class T, class A, class F>
void rows(const Accumulators& into, const char* data, int64_t n, int64_t count, int64_t) {
  const T* x = elements<T>(data);
  if (n >= longEnough) {
    for (int64_t r = 0; r < count; r++, x += n) add<T, A, F>(into, r, longRow<T, A, F>(x, n));
    return;
  }
  int64_t r = 0;
  // A vector of rows at a time, as long as reading past the last one stays inside.
  const int64_t vectors = (n + lanes - 1) / lanes;
  for (; (r + lanes - 1) * n + vectors * lanes <= count * n; r += lanes, x += lanes * n) {
    const Vector<A> totals = shortRows<T, A, F>(x, n, vectors);
    A part[lanes];
    memcpy(part, &totals, sizeof part);
    for (int k = 0; k < lanes; k++) add<T, A, F>(into, r + k, part[k]);
  }
  for (; r < count; r++, x += n) {
    A a = F::template first<A>;
    for (int64_t i = 0; i < n; i++) a = F::apply(a, static_cast<A>(x[i]));
    add<T, A, F>(into, r, a);
  }
}

template <class T, class A, class F, int vectors>
void columnBlock(const Accumulators& into, const T* x, int64_t at, int64_t n, int64_t count) {
  Vector<A> a[vectors];
  for (auto& v : a) v = Vector<A>{} + F::template first<A>;
  for (int64_t r = 0; r < count; r++) {
    for (int k = 0; k < vectors; k++) a[k] = F::apply(a[k], load<T, A>(x + r * n + at + k * lanes));
  }
  for (int k = 0; k < vectors; k++) {
    for (int l = 0; l < lanes; l++) add<T, A, F>(into, at + k * lanes + l, a[k][l]);
  }
}

// Rows that go into the results one after the other; where they are few, this is all there is to do.
template <class T, class A, class F>
void addRows(const Accumulators& into, const T* x, int64_t n, int64_t count) {
  for (int64_t r = 0; r < count; r++, x += n) {
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
      Vector<A> total;
      memcpy(&total, into.values + i, sizeof total);
      total = F::apply(total, load<T, A>(x + i));
      memcpy(into.values + i, &total, sizeof total);
    }
    for (; i < n; i++) add<T, A, F>(into, i, static_cast<A>(x[i]));
  }
}

template <class T, class A, class F>
void columns(const Accumulators& into, const char* data, int64_t n, int64_t count, int64_t) {
  const T* const x = elements<T>(data);
  // Sums of float64 note what every addition loses.
  constexpr bool plain = !(std::is_same_v<T, double> && std::is_same_v<F, Sum>);
  if (plain && count < 4) return addRows<T, A, F>(into, x, n, count);
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) columnBlock<T, A, F, 4>(into, x, i, n, count);
  for (; i + lanes <= n; i += lanes) columnBlock<T, A, F, 1>(into, x, i, n, count);
  for (; i < n; i++) {
    A a = F::template first<A>;
    for (int64_t r = 0; r < count; r++) a = F::apply(a, static_cast<A>(x[r * n + i]));
    add<T, A, F>(into, i, a);
  }
}

// The first extreme, or the first NaN. The sign turns the smallest into the largest.
template <class T, int sign>
void consider(const Accumulators& into, int64_t i, T x, int64_t position) {
  const double v = sign * static_cast<double>(x);
  double& best = into.values[i].real;
  if (into.positions[i] < 0 || v > best || (v != v && best == best)) {
    best = v;
    into.positions[i] = static_cast<int32_t>(position);
  }
}

template <class T, int sign>
void positionRows(const Accumulators& into, const char* data, int64_t n, int64_t count, int64_t position) {
  const T* const x = elements<T>(data);
  for (int64_t r = 0; r < count; r++) {
    for (int64_t i = 0; i < n; i++) consider<T, sign>(into, r, x[r * n + i], position + i);
  }
}

template <class T, int sign>
void positionColumns(const Accumulators& into, const char* data, int64_t n, int64_t count, int64_t position) {
  const T* const x = elements<T>(data);
  for (int64_t r = 0; r < count; r++) {
    for (int64_t i = 0; i < n; i++) consider<T, sign>(into, i, x[r * n + i], position + r);
  }
}

template <class T, class F>
constexpr Combiner pair() {
  using A = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  return {rows<T, A, F>, columns<T, A, F>};
}

template <class T>
Combiner combinerFor(Reduction op) {
  switch (op) {
    case Reduction::sum:
      return pair<T, Sum>();
    case Reduction::prod:
      return pair<T, Prod>();
    case Reduction::max:
      return pair<T, Max>();
    case Reduction::min:
      return pair<T, Min>();
    case Reduction::argmax:
      return {positionRows<T, 1>, positionColumns<T, 1>};
    default:
      return {positionRows<T, -1>, positionColumns<T, -1>};
  }
}

}  // namespace

Combiner combinerOf(Reduction op, DType dtype) {
  switch (dtype) {
    case DType::float32:
      return combinerFor<float>(op);
    case DType::float64:
      return combinerFor<double>(op);
    case DType::int32:
      return combinerFor<int32_t>(op);
    default:
      return combinerFor<uint8_t>(op);
  }
}

}  // namespace knet::KNET_ISA
