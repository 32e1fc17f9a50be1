// Maxima of windows: the geometry, and the rows of the output in the instruction sets.
#pragma once

#include <cstdint>

#include "isa.h"

namespace knet {

// Three spatial dimensions, those that are not there of length 1. Plain numbers: this is seen by files of several instruction sets.
struct Pooling {
  int64_t x[3];
  int64_t y[3];
  int64_t window[3];
  int64_t padding[3];
  int64_t stride[3];
  int64_t planes;
  bool halves;  // windows of 2 x 2, side by side and all within x
};

// Rows begin .. end-1 of the output, of y[0] elements each, which y and where begin with: their maxima, and where in x those are,
// unless `where` is null.
#define KNET_POOL_ROWS(T) void poolRows(const Pooling& g, const T* x, T* y, int32_t* where, int64_t begin, int64_t end);
#define KNET_POOL_ROWS_OF(isa) \
  namespace isa {              \
  KNET_POOL_ROWS(float)        \
  KNET_POOL_ROWS(double)       \
  KNET_POOL_ROWS(int32_t)      \
  KNET_POOL_ROWS(uint8_t)      \
  }
KNET_POOL_ROWS_OF(avx2)
KNET_POOL_ROWS_OF(avx512)

// The gradient for windows of 2 x 2: the pairs of rows of dx behind rows begin .. end-1 of the output, which dy begins with, and
// with the last pair of a plane the rest of it.
namespace avx2 {
void halvesGradient(const Pooling& g, const float* x, const float* dy, float* dx, int64_t begin, int64_t end);
}
namespace avx512 {
void halvesGradient(const Pooling& g, const float* x, const float* dy, float* dx, int64_t begin, int64_t end);
}

}  // namespace knet
