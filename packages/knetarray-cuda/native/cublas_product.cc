// Matrix products as cuBLAS takes them. It counts columns first as we do, so that nothing has to be turned around.
#include <algorithm>
#include <climits>
#include <optional>

#include "cublas.h"
#include "device.h"

namespace knet::cublas {
namespace {

// Fewer multiplications are done before cuBLAS has decided how: of one matrix, and of the whole batch.
constexpr double leastEach = 4096, leastTogether = 32768;
// Calls that a batch may take whose matrices lie at no one distance from each other.
constexpr int64_t mostCalls = 16;

// A matrix as it is or transposed, and the elements from one line to the next.
struct Layout {
  Operation operation;
  int leading;
};

std::optional<Layout> layoutOf(const Matrix& x, int64_t rows, int64_t columns) {
  // Lines of neighbours, none of which overlaps the next. A stride of a dimension of length 1 says nothing.
  const auto lines = [](int64_t step, int64_t length, int64_t leading, int64_t count, Operation operation) -> std::optional<Layout> {
    if (length > 1 && step != 1) return {};
    if (count == 1) leading = length;
    if (leading < length || leading > INT_MAX) return {};
    return Layout{operation, static_cast<int>(leading)};
  };
  const auto layout = lines(x.down, rows, x.along, columns, asItIs);
  return layout ? layout : lines(x.along, columns, x.down, rows, transposed);
}

// One call: a product, or several whose matrices lie at the same distances.
struct Call {
  Operation opA, opB;
  int m, n, k, lda, ldb, ldc, count;
  long long stepA, stepB, stepC;
  const char *a, *b;
  char* c;
};

void enqueueFloat(const Library& l, const Call& x, float alpha, float beta) {
  const float *a = reinterpret_cast<const float*>(x.a), *b = reinterpret_cast<const float*>(x.b);
  float* const c = reinterpret_cast<float*>(x.c);
  if (x.count == 1)
    check(l.cublasSgemm_v2(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, a, x.lda, b, x.ldb, &beta, c, x.ldc), "cublasSgemm_v2");
  else
    check(l.cublasSgemmStridedBatched(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, a, x.lda, x.stepA, b, x.ldb, x.stepB, &beta, c,
                                      x.ldc, x.stepC, x.count),
          "cublasSgemmStridedBatched");
}

void enqueueDouble(const Library& l, const Call& x, double alpha, double beta) {
  const double *a = reinterpret_cast<const double*>(x.a), *b = reinterpret_cast<const double*>(x.b);
  double* const c = reinterpret_cast<double*>(x.c);
  if (x.count == 1)
    check(l.cublasDgemm_v2(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, a, x.lda, b, x.ldb, &beta, c, x.ldc), "cublasDgemm_v2");
  else
    check(l.cublasDgemmStridedBatched(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, a, x.lda, x.stepA, b, x.ldb, x.stepB, &beta, c,
                                      x.ldc, x.stepC, x.count),
          "cublasDgemmStridedBatched");
}

// Returns whether cuBLAS has such products for this GPU, before compute capability 8 it lacks some of bfloats; after the first call of
// a batch it must.
bool enqueueHalf(const Library& l, const Call& x, DataType type, float alpha, float beta, bool first) {
  const bool one = x.count == 1;
  const Status status =
      one ? l.cublasGemmEx(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, x.a, type, x.lda, x.b, type, x.ldb, &beta, x.c, type, x.ldc,
                           computeInFloat, anyAlgorithm)
          : l.cublasGemmStridedBatchedEx(handle(), x.opA, x.opB, x.m, x.n, x.k, &alpha, x.a, type, x.lda, x.stepA, x.b, type, x.ldb,
                                         x.stepB, &beta, x.c, type, x.ldc, x.stepC, x.count, computeInFloat, anyAlgorithm);
  if (first && (status == architectureMismatch || status == notSupported)) return false;
  check(status, one ? "cublasGemmEx" : "cublasGemmStridedBatchedEx");
  return true;
}

bool worthwhile(const Product& p) {
  const double each = static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  const double together = each * static_cast<double>(p.batches.count);
  return isFloat(p.dtype) && std::max({p.m, p.n, p.k}) <= INT_MAX && each >= leastEach && together >= leastTogether;
}

}  // namespace

bool enqueue(const Product& product) {
  const Library& l = library();
  if (!l.open || !worthwhile(product)) return false;
  // The output is never transposed: the whole product is, in its place.
  const std::optional<Layout> output = layoutOf(product.output, product.m, product.n);
  if (!output) return false;
  if (output->operation == transposed) return enqueue(product.transposed());
  const std::optional<Layout> a = layoutOf(product.a, product.m, product.k), b = layoutOf(product.b, product.k, product.n);
  if (!a || !b) return false;

  // The longest dimension of the batch goes into a call, all others take calls.
  Batches others = product.batches;
  int64_t count = 1, steps[3] = {0, 0, 0};
  if (others.rank > 0) {
    const int d = static_cast<int>(std::max_element(others.lengths, others.lengths + others.rank) - others.lengths);
    const int last = --others.rank;
    count = others.lengths[d];
    others.count /= count;
    for (int o = 0; o < 3; o++) steps[o] = others.steps[o][d];
    for (int e = d; e < last; e++) {
      others.lengths[e] = others.lengths[e + 1];
      for (auto& step : others.steps) step[e] = step[e + 1];
    }
  }
  if (count > INT_MAX || others.count > mostCalls || std::min({steps[0], steps[1], steps[2]}) < 0) return false;

  const float alpha = static_cast<float>(product.alpha), beta = static_cast<float>(product.beta);
  for (int64_t number = 0; number < others.count; number++) {
    int64_t offsets[3];
    others.find(number, offsets);
    const int64_t bytes = bytesOf(product.dtype);
    const Call call{a->operation, b->operation, static_cast<int>(product.m), static_cast<int>(product.n), static_cast<int>(product.k),
                    a->leading, b->leading, output->leading, static_cast<int>(count), steps[0], steps[1], steps[2],
                    product.a.data + offsets[0] * bytes, product.b.data + offsets[1] * bytes, product.output.data + offsets[2] * bytes};
    if (product.dtype == DType::float64) enqueueDouble(l, call, product.alpha, product.beta);
    else if (product.dtype == DType::float32) enqueueFloat(l, call, alpha, beta);
    else if (!enqueueHalf(l, call, product.dtype == DType::float16 ? halves : bfloats, alpha, beta, number == 0)) return false;
    checkLaunch("a product of cuBLAS");
  }
  return true;
}

}  // namespace knet::cublas
