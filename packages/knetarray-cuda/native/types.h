// Element types, and strided views as the array layer describes them.
#pragma once

#include <cstdint>

#include "half.h"
#include "launch.h"

namespace knet {

enum class DType : int32_t { float32 = 0, float64 = 1, int32 = 2, uint8 = 3, boolean = 4, float16 = 5, bfloat16 = 6 };

KNET_HOST_DEVICE inline int64_t bytesOf(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return 8;
    case DType::float16:
    case DType::bfloat16:
      return 2;
    case DType::uint8:
    case DType::boolean:
      return 1;
    default:
      return 4;
  }
}

KNET_HOST_DEVICE inline bool isFloat(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::float16 || dtype == DType::bfloat16;
}

// Most dimensions of an operand, after those that lie in one run have been merged: arguments of a kernel have room for 4 KB.
inline constexpr int maxRank = 16;
// Most dimensions that the array layer may hand over.
inline constexpr int maxGivenRank = 32;

// Elements of memory seen through a shape, the fastest dimension first. Strides count elements; 0 repeats.
struct View {
  char* data;  // the element at position 0
  DType dtype;
  int rank;
  int64_t shape[maxGivenRank];
  int64_t strides[maxGivenRank];

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  int64_t size() const {
    int64_t n = 1;
    for (int d = 0; d < rank; d++) n *= shape[d];
    return n;
  }
};

// The dtype of floats of a type.
template <class T>
inline constexpr DType floatTypeOf = DType::float32;
template <>
inline constexpr DType floatTypeOf<double> = DType::float64;
template <>
inline constexpr DType floatTypeOf<Half> = DType::float16;
template <>
inline constexpr DType floatTypeOf<Bfloat> = DType::bfloat16;

// Calls f with a value of the type of memory that a dtype has: `withType(dtype, [&](auto x) { using T = decltype(x); ... })`.
template <class F>
void withFloatType(DType dtype, F f) {
  if (dtype == DType::float64) f(double{});
  else if (dtype == DType::float16) f(Half{});
  else if (dtype == DType::bfloat16) f(Bfloat{});
  else f(float{});
}
template <class F>
void withType(DType dtype, F f) {
  switch (dtype) {
    case DType::int32:
      return f(int32_t{});
    case DType::uint8:
      return f(uint8_t{});
    case DType::boolean:
      return f(bool{});
    default:
      return withFloatType(dtype, f);
  }
}

}  // namespace knet
