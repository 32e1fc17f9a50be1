// Normalised exponentials, or their logarithms, along the middle dimension of [inner, length, outer].
#pragma once

#include <cstdint>

namespace knet {

template <class T>
struct SoftmaxForward {
  bool logarithm;
  int64_t inner, length, outer;
  const T* x;
  T* y;
};

template <class T>
struct SoftmaxBackward {
  bool logarithm;
  int64_t inner, length, outer;
  const T *y, *dy;
  T* dx;
};

// Rows have inner = 1; theirs are the outer positions from .. to-1. Columns are the inner positions from .. to-1 of one outer
// position.
#define KNET_DECLARE_SOFTMAX(isa)                                                              \
  namespace isa {                                                                              \
  void softmaxRows(const SoftmaxForward<float>& s, int64_t from, int64_t to);                  \
  void softmaxRows(const SoftmaxBackward<float>& s, int64_t from, int64_t to);                 \
  void softmaxColumns(const SoftmaxForward<float>& s, int64_t o, int64_t from, int64_t to);    \
  void softmaxColumns(const SoftmaxForward<double>& s, int64_t o, int64_t from, int64_t to);   \
  void softmaxColumns(const SoftmaxBackward<float>& s, int64_t o, int64_t from, int64_t to);   \
  void softmaxColumns(const SoftmaxBackward<double>& s, int64_t o, int64_t from, int64_t to);  \
  }
KNET_DECLARE_SOFTMAX(avx2)
KNET_DECLARE_SOFTMAX(avx512)
#undef KNET_DECLARE_SOFTMAX

}  // namespace knet
