// Conversions between element types, by the rules of JavaScript's typed arrays.
#pragma once

#include <math.h>

#include <cstdint>

namespace knet {
namespace {

// Truncated and modulo 2^32; 0 for NaN and the infinities.
inline int32_t wrapToInt32(double x) {
  if (x > -2147483649.0 && x < 2147483648.0) return static_cast<int32_t>(x);
  if (!(fabs(x) < HUGE_VAL)) return 0;
  const double rest = fmod(trunc(x), 4294967296.0);
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(rest)));
}

template <class T>
inline T fromDouble(double x) {
  return static_cast<T>(x);
}
template <>
inline int32_t fromDouble<int32_t>(double x) {
  return wrapToInt32(x);
}
template <>
inline uint8_t fromDouble<uint8_t>(double x) {
  return static_cast<uint8_t>(wrapToInt32(x));
}

}  // namespace
}  // namespace knet
