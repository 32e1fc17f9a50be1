#include "gemm.h"

#include "gemm_kernels.h"
#include "isa.h"

namespace knet {

void gemm(int64_t m, int64_t n, int64_t k, float alpha, Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c) {
  KNET_DISPATCH(product(m, n, k, alpha, a, b, beta, c));
}

void gemm(int64_t m, int64_t n, int64_t k, double alpha, Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c) {
  KNET_DISPATCH(product(m, n, k, alpha, a, b, beta, c));
}

void gemm(int64_t m, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta, Matrix<int32_t> c) {
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = 0; i < m; i++) {
      // Unsigned, so that it wraps around.
      uint32_t sum = 0;
      for (int64_t p = 0; p < k; p++) {
        sum += static_cast<uint32_t>(a.data[i * a.rows + p * a.columns]) * static_cast<uint32_t>(b.data[p * b.rows + j * b.columns]);
      }
      int32_t& target = c.data[i * c.rows + j * c.columns];
      sum *= static_cast<uint32_t>(alpha);
      if (beta != 0) sum += static_cast<uint32_t>(beta) * static_cast<uint32_t>(target);
      target = static_cast<int32_t>(sum);
    }
  }
}

}  // namespace knet
