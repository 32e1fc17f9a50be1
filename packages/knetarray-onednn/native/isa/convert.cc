// Copies with a change of element type, from and to strided memory.
#include "../convert.h"

#include <type_traits>

#include "../plan.h"
#include "loops.h"
#include "vector.h"

namespace knet::KNET_ISA {
namespace {

struct Truth {
  uint8_t value;
};

template <class To, class From>
To converted(From x) {
  if constexpr (std::is_same_v<To, Truth>)
    return {x != 0};
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return fromDouble<To>(static_cast<double>(x));
  else
    return static_cast<To>(x);
}

template <class To, class From>
void convert(int64_t n, char* out, int64_t outStride, const char* in, int64_t inStride) {
  To* const o = elements<To>(out);
  const From* const x = elements<From>(in);
  if (outStride == 1 && inStride == 1) {
    for (int64_t i = 0; i < n; i++) o[i] = converted<To>(x[i]);
  } else if (outStride == 1 && inStride == 0) {
    const To value = converted<To>(*x);
    for (int64_t i = 0; i < n; i++) o[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) o[i * outStride] = converted<To>(x[i * inStride]);
  }
}

template <class To>
Convert convertTo(DType from) {
  switch (from) {
    case DType::float32:
      return convert<To, float>;
    case DType::float64:
      return convert<To, double>;
    case DType::int32:
      return convert<To, int32_t>;
    default:
      return convert<To, uint8_t>;
  }
}

}  // namespace

void spread(int64_t rows, int64_t length, char* out, const char* in, int64_t stride) {
  float* o = elements<float>(out);
  const float* x = elements<float>(in);
  for (int64_t r = 0; r < rows; r++, o += length, x += stride) {
    const F v = set(*x);
    // The next row overwrites what goes too far.
    for (int64_t i = 0; i < length; i += width) store(o + i, v);
  }
}

Convert convertOf(DType to, DType from) {
  switch (to) {
    case DType::float32:
      return convertTo<float>(from);
    case DType::float64:
      return convertTo<double>(from);
    case DType::int32:
      return convertTo<int32_t>(from);
    case DType::boolean:
      return from == DType::boolean ? convert<uint8_t, uint8_t> : convertTo<Truth>(from);
    default:
      return convertTo<uint8_t>(from);
  }
}

}  // namespace knet::KNET_ISA
