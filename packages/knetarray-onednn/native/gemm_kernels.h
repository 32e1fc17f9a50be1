// What native/gemm.cc calls of each instruction set.
#pragma once

#include "gemm.h"

#define KNET_GEMM_KERNELS                                                                                                                          \
  void product(int64_t m, int64_t n, int64_t k, float alpha, Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c);           \
  void product(int64_t m, int64_t n, int64_t k, double alpha, Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c);      \
  void product(int64_t m, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta, Matrix<int32_t> c);

namespace knet::avx2 {
KNET_GEMM_KERNELS
}
namespace knet::avx512 {
KNET_GEMM_KERNELS
}
#undef KNET_GEMM_KERNELS
