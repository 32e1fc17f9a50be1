// Matrix products c = alpha a b + beta c over any strides; a is m x k, b is k x n, c is m x n. With beta = 0 c is not read.
#pragma once

#include <cstdint>

namespace knet {

// A matrix of elements that lie `rows` apart down a column and `columns` apart along a row.
template <class T>
struct Matrix {
  T* data;
  int64_t rows;
  int64_t columns;
};

void gemm(int64_t m, int64_t n, int64_t k, float alpha, Matrix<const float> a, Matrix<const float> b, float beta, Matrix<float> c);
void gemm(int64_t m, int64_t n, int64_t k, double alpha, Matrix<const double> a, Matrix<const double> b, double beta, Matrix<double> c);
void gemm(int64_t m, int64_t n, int64_t k, int32_t alpha, Matrix<const int32_t> a, Matrix<const int32_t> b, int32_t beta, Matrix<int32_t> c);

}  // namespace knet
