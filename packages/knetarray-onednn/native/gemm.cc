#include "gemm.h"

namespace knet {
namespace {

template <class T>
void product(int64_t m, int64_t n, int64_t k, T alpha, Matrix<const T> a, Matrix<const T> b, T beta, Matrix<T> c) {
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = 0; i < m; i++) {
      T sum = 0;
      for (int64_t p = 0; p < k; p++) sum += a.data[i * a.rows + p * a.columns] * b.data[p * b.rows + j * b.columns];
      T& target = c.data[i * c.rows + j * c.columns];
      target = beta == 0 ? alpha * sum : alpha * sum + beta * target;
    }
  }
}

}  // namespace

void gemm(int64_t m, int64_t n, int64_t k, float alpha, Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c) {
  product(m, n, k, alpha, a, b, beta, c);
}
void gemm(int64_t m, int64_t n, int64_t k, double alpha, Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c) {
  product(m, n, k, alpha, a, b, beta, c);
}
void gemm(int64_t m, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta, Matrix<int32_t> c) {
  product(m, n, k, alpha, a, b, beta, c);
}

}  // namespace knet
