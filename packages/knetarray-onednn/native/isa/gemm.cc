// Products of float32 and float64 matrices: the way that suits their shapes.
#include "../gemm_kernels.h"
#include "gemm_dot.h"
#include "gemm_product.h"

namespace knet::KNET_ISA {
namespace {

template <class T>
Matrix<T> transposed(Matrix<T> x) {
  return {x.data, x.columns, x.rows};
}

// c = alpha a b + beta c.
template <class T>
struct Problem {
  int64_t m, n, k;
  T alpha;
  Matrix<const T> a, b;
  T beta;
  Matrix<T> c;

  // The same as transpose(c) = alpha transpose(b) transpose(a) + beta transpose(c).
  Problem swapped() const { return {n, m, k, alpha, transposed(b), transposed(a), beta, transposed(c)}; }
  int64_t work() const { return m * n * larger(1, k); }
};

// Elements of a matrix that are worth a task of their own when each is used once.
constexpr int64_t vectorWork = 1 << 17;

// A vector whose elements lie one after the other: b itself or a copy.
template <class T>
const T* contiguous(const T* from, int64_t step, int64_t count) {
  if (step == 1 || count == 1) return from;
  T* const to = static_cast<T*>(scratch(Scratch::mine, count * sizeof(T)));
  for (int64_t l = 0; l < count; l++) to[l] = from[l * step];
  return to;
}

// A matrix times a vector, n = 1.
template <class T>
void multiplyVector(const Problem<T>& p, bool alone) {
  const bool inner = p.a.columns == 1 || p.k == 1;
  const T* const b = contiguous(p.b.data, p.b.rows, p.k);
  constexpr int64_t unit = 8 * Lanes<T>::count;
  const int64_t tasks = alone ? 1 : larger(1, smaller(smaller(maxTasks, p.work() / vectorWork), p.m / unit));
  const int64_t rows = ceilDivide(ceilDivide(p.m, tasks), unit) * unit;
  parallelFor(ceilDivide(p.m, rows), [&](int64_t task) {
    const int64_t i = task * rows, m = smaller(rows, p.m - i);
    const T* const a = p.a.data + i * p.a.rows;
    T* const c = p.c.data + i * p.c.rows;
    if (inner) {
      Inner<T>::run(1, m, p.k, p.alpha, b, 0, a, p.a.rows, p.beta, c, 0, p.c.rows);
    } else {
      Columns<T>::run(m, p.k, p.alpha, a, p.a.columns, b, p.beta, c, p.c.rows);
    }
  });
}

// Few rows of inner products.
template <class T>
void multiplyInner(const Problem<T>& p, bool alone) {
  constexpr int64_t lanes = Lanes<T>::count;
  const T* a = p.a.data;
  int64_t aRow = p.a.rows;
  if (p.a.columns != 1) {
    // An odd number of lines, so that rows do not meet in the same places of the cache.
    aRow = (ceilDivide(p.k, lanes) | 1) * lanes;
    T* const to = static_cast<T*>(scratch(Scratch::mine, p.m * aRow * sizeof(T)));
    for (int64_t l = 0; l < p.k; l += lanes) {
      transposeStrip(to + l, aRow, a + l * p.a.columns, p.a.columns, smaller(lanes, p.k - l), p.m, lanes);
    }
    a = to;
  }
  const int64_t tasks = alone ? 1 : larger(1, smaller(smaller(maxTasks, p.work() / thinTaskWork), p.n));
  const int64_t columns = ceilDivide(p.n, tasks);
  parallelFor(ceilDivide(p.n, columns), [&](int64_t task) {
    const int64_t j = task * columns;
    Inner<T>::run(p.m, smaller(columns, p.n - j), p.k, p.alpha, a, aRow, p.b.data + j * p.b.columns, p.b.columns, p.beta,
                  p.c.data + j * p.c.columns, p.c.rows, p.c.columns);
  });
}

// Roughly the cycles of a product whose vectors run down the columns of c.
template <class T>
double costOfTiles(const Problem<T>& p) {
  const double vectors = static_cast<double>(ceilDivide(p.m, Lanes<T>::count));
  const double m = static_cast<double>(p.m), n = static_cast<double>(p.n), k = static_cast<double>(p.k);
  // One vector for each broadcast of b: loads are what bounds it.
  const double loads = vectors == 1 ? 1.25 : 1;
  const double packing = p.a.rows == 1 ? 0 : m * k / 2;
  const double storing = p.c.rows == 1 ? 0 : p.c.columns == 1 ? vectors * n * 8 : 2 * m * n;
  return vectors * n * k / 2 * loads + packing + storing;
}

// Roughly the cycles of inner products, where b is read along k.
template <class T>
double costOfInner(const Problem<T>& p) {
  const double vectors = static_cast<double>(ceilDivide(p.k, Lanes<T>::count));
  const double m = static_cast<double>(p.m), n = static_cast<double>(p.n);
  return m * n * (vectors * 0.55 + 5) + (p.a.columns == 1 ? 0 : m * static_cast<double>(p.k) / 2);
}

template <class T>
bool suitsInner(const Problem<T>& p) {
  return p.b.rows == 1 && p.m <= 16 && p.k >= 64 && p.work() >= smallWork && (p.a.rows == 1 || p.a.columns == 1);
}

// Computes a product whose orientation may be turned, with one task if `alone`.
template <class T>
void multiplyShape(const Problem<T>& p, bool alone) {
  if (p.n == 1 && (p.a.rows == 1 || p.a.columns == 1 || p.m == 1 || p.k == 1)) return multiplyVector(p, alone);
  if (p.m == 1 && (p.b.rows == 1 || p.b.columns == 1 || p.k == 1)) return multiplyVector(p.swapped(), alone);
  const Problem<T> other = p.swapped();
  const double cost = costOfTiles(p), otherCost = costOfTiles(other), best = cost <= otherCost ? cost : otherCost;
  if (suitsInner(p) && costOfInner(p) < best) return multiplyInner(p, alone);
  if (suitsInner(other) && costOfInner(other) < best) return multiplyInner(other, alone);
  const Problem<T>& q = cost <= otherCost ? p : other;
  Product<T>(q.m, q.n, q.k, q.alpha, q.a, q.b, q.beta, q.c, alone).run();
}

// A long k is divided into chunks of so many steps: sums that grow for long lose what is added to them.
constexpr int64_t maxChunk = 16384;
// A product of few results gets as many as tasks need, none shorter than this.
constexpr int64_t minChunk = 512;
constexpr int64_t usefulChunks = 16;

// How many products of their own a product is divided into along k; 1 for most.
template <class T>
int64_t chunksOf(const Problem<T>& p) {
  const int64_t size = p.m * p.n;
  if (size > 65536) return 1;
  if (p.k >= 8 * minChunk && p.work() >= 4 * taskWork) return larger(ceilDivide(p.k, maxChunk), smaller(usefulChunks, p.k / minChunk));
  if (p.k > maxChunk) return ceilDivide(p.k, maxChunk);
  // The scores of a small model: each thread takes half of the features, which it meets again in the gradient of the weights.
  return size <= 16384 && p.k >= minChunk && p.work() >= 2 * thinTaskWork && p.work() < taskWork ? 2 : 1;
}

// Chunks of k are products of their own, whose results are added in order.
template <class T>
void multiplyChunks(const Problem<T>& p, int64_t chunks) {
  const int64_t m = p.m, n = p.n, size = m * n;
  const bool parallel = p.work() >= 2 * thinTaskWork;
  const int64_t length = ceilDivide(p.k, chunks), together = parallel ? 1 : chunks;
  T* const parts = static_cast<T*>(scratch(Scratch::shared, chunks * size * sizeof(T)));
  parallelFor(ceilDivide(chunks, together), [&](int64_t task) {
    for (int64_t chunk = task * together; chunk < smaller(chunks, (task + 1) * together); chunk++) {
      const int64_t l = smaller(p.k, chunk * length);
      multiplyShape<T>({m, n, smaller(length, p.k - l), 1, {p.a.data + l * p.a.columns, p.a.rows, p.a.columns},
                        {p.b.data + l * p.b.rows, p.b.rows, p.b.columns}, 0, {parts + chunk * size, 1, m}}, true);
    }
  });
  if (chunks == 2 && p.c.rows == 1 && p.c.columns == m && p.beta == 0) {
    T* const to = p.c.data;
    for (int64_t i = 0; i < size; i++) to[i] = p.alpha * (parts[i] + parts[size + i]);
    return;
  }
  const int64_t columns = larger(1, 16384 / m);
  parallelFor(ceilDivide(n, columns), [&](int64_t task) {
    for (int64_t j = task * columns; j < smaller(n, (task + 1) * columns); j++) {
      T* const to = p.c.data + j * p.c.columns;
      for (int64_t i = 0; i < m; i++) {
        double sum = 0;
        for (int64_t chunk = 0; chunk < chunks; chunk++) sum += static_cast<double>(parts[chunk * size + j * m + i]);
        const T x = p.alpha * static_cast<T>(sum);
        to[i * p.c.rows] = p.beta == 0 ? x : x + p.beta * to[i * p.c.rows];
      }
    }
  });
}

template <class T>
void multiply(const Problem<T>& p) {
  if (p.m <= 0 || p.n <= 0) return;
  const int64_t chunks = chunksOf(p);
  if (chunks > 1) return multiplyChunks(p, chunks);
  multiplyShape(p, false);
}

}  // namespace

void product(int64_t m, int64_t n, int64_t k, float alpha, Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c) {
  multiply<float>({m, n, k, alpha, a, b, beta, c});
}
void product(int64_t m, int64_t n, int64_t k, double alpha, Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c) {
  multiply<double>({m, n, k, alpha, a, b, beta, c});
}

}  // namespace knet::KNET_ISA
