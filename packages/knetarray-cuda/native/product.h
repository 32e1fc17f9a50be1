// A matrix product: output = alpha a b + beta output, for every one of a batch.
#pragma once

#include <utility>

#include "types.h"

namespace knet {

// Elements of memory as a matrix.
struct Matrix {
  char* data;
  // Elements between neighbours down a column, and along a row; any number, also 0 or below.
  int64_t down, along;
};

// Where the matrices of a batch lie, as few dimensions as they allow.
struct Batches {
  int rank = 0;
  int64_t count = 1;
  int64_t lengths[maxRank];
  int64_t steps[3][maxRank];  // of a, b and the output

  // Elements from the first matrices to those of a number.
  KNET_HOST_DEVICE void find(int64_t number, int64_t (&offsets)[3]) const {
    for (int o = 0; o < 3; o++) offsets[o] = 0;
    for (int d = 0; d < rank; d++) {
      // Nothing is left of it in the last dimension.
      const int64_t next = d + 1 < rank ? number / lengths[d] : 0, index = number - next * lengths[d];
      for (int o = 0; o < 3; o++) offsets[o] += index * steps[o][d];
      number = next;
    }
  }
};

struct Product {
  DType dtype;
  int64_t m, n, k;
  double alpha, beta;
  Matrix a, b, output;
  Batches batches;

  // The same product of the transposed matrices, in the other order.
  Product transposed() const {
    Product t = *this;
    std::swap(t.m, t.n);
    t.a = {b.data, b.along, b.down};
    t.b = {a.data, a.along, a.down};
    t.output = {output.data, output.along, output.down};
    for (int d = 0; d < batches.rank; d++) std::swap(t.batches.steps[0][d], t.batches.steps[1][d]);
    return t;
  }
};

// Enqueues a product: with cuBLAS where that is there and made for it, else with kernels of our own.
void multiply(const Product& product);

}  // namespace knet
