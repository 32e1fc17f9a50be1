// What native/gemm.cc calls of each instruction set.
#pragma once

#include "gemm.h"

#define KNET_GEMM_KERNEL(T) \
  void product(int64_t m, int64_t n, int64_t k, T alpha, Matrix<const T> a, Matrix<const T> b, T beta, Matrix<T> c);

namespace knet::avx2 {
KNET_GEMM_KERNEL(float)
KNET_GEMM_KERNEL(double)
KNET_GEMM_KERNEL(int32_t)
}  // namespace knet::avx2
namespace knet::avx512 {
KNET_GEMM_KERNEL(float)
KNET_GEMM_KERNEL(double)
KNET_GEMM_KERNEL(int32_t)
}  // namespace knet::avx512
#undef KNET_GEMM_KERNEL
