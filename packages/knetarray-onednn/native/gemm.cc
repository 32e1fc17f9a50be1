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
  KNET_DISPATCH(product(m, n, k, alpha, a, b, beta, c));
}

}  // namespace knet
