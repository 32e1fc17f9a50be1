// The elementwise part of an LSTM cell. Gates are [n, 4, m] before their nonlinearities, in the order forget, in, out, change;
// states are [n, m]. Each function works on the elements from .. to-1 of the states.
#pragma once

#include <cstdint>

namespace knet {

template <class T>
struct LstmForward {
  int64_t n;
  const T *gates, *cell;
  T *newHidden, *newCell;
};

template <class T>
struct LstmBackward {
  int64_t n;
  const T *gates, *cell, *newCell;
  // Gradients of the new states.
  const T *hiddenGradient, *newCellGradient;
  T *gatesGradient, *cellGradient;
};

#define KNET_DECLARE_LSTM(isa)                                                  \
  namespace isa {                                                               \
  void lstm(const LstmForward<float>& l, int64_t from, int64_t to);             \
  void lstm(const LstmForward<double>& l, int64_t from, int64_t to);            \
  void lstmGradient(const LstmBackward<float>& l, int64_t from, int64_t to);    \
  void lstmGradient(const LstmBackward<double>& l, int64_t from, int64_t to);   \
  }
KNET_DECLARE_LSTM(avx2)
KNET_DECLARE_LSTM(avx512)
#undef KNET_DECLARE_LSTM

}  // namespace knet
