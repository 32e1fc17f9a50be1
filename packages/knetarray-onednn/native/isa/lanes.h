// Float32 vectors and single doubles with one set of names, for kernels that are written once: `Lanes<T>` reads and writes, the
// functions take either. As in vector.h, a product that is added to something is written as `fma` or `fnma`.
#pragma once

#include <math.h>

#include "exponential.h"

namespace knet::KNET_ISA {
namespace {

template <class T>
struct Lanes;

template <>
struct Lanes<float> {
  using V = F;
  static constexpr int count = width;
  static V all(float x) { return set(x); }
  // The first n elements, 0 in the other lanes.
  static V load(const float* p, int64_t n) { return n >= width ? KNET_ISA::load(p) : loadFirst(p, n); }
  static void store(float* p, V x, int64_t n) { n >= width ? KNET_ISA::store(p, x) : storeFirst(p, x, n); }
};

template <>
struct Lanes<double> {
  using V = double;
  static constexpr int count = 1;
  static V all(double x) { return x; }
  static V load(const double* p, int64_t) { return *p; }
  static void store(double* p, V x, int64_t) { *p = x; }
};

inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
inline double fnma(double a, double b, double c) { return __builtin_fma(-a, b, c); }
inline double exp(double x) { return ::exp(x); }
inline double log(double x) { return ::log(x); }
inline double tanh(double x) { return ::tanh(x); }
// The second operand if one is NaN.
inline double maxOrSecond(double a, double b) { return a > b ? a : b; }

// 1 / (1 + exp(-x)): the exponential is of -|x|, so that small results keep their accuracy and nothing overflows.
inline F sigmoid(F x) {
  const F e = exp(orBits(x, set(-0.0f)));
  return quotient(select(less(x, set(0.0f)), e, set(1.0f)), e + set(1.0f));
}
inline double sigmoid(double x) {
  const double e = ::exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

}  // namespace
}  // namespace knet::KNET_ISA
