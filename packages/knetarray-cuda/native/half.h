// Half precision (IEEE 754 binary16): two bytes in memory, a float in registers.
#pragma once

#include <cstdint>

#include "launch.h"

namespace knet {

struct Half {
  uint16_t bits;

  Half() = default;
  KNET_HOST_DEVICE explicit Half(float x) {
#ifdef __CUDA_ARCH__
    bits = __half_as_ushort(__float2half_rn(x));
#elif defined(__CUDACC__)
    bits = static_cast<__half_raw>(__float2half_rn(x)).x;
#else
    const _Float16 h = static_cast<_Float16>(x);
    __builtin_memcpy(&bits, &h, 2);
#endif
  }
  KNET_HOST_DEVICE operator float() const {
#ifdef __CUDA_ARCH__
    return __half2float(__ushort_as_half(bits));
#elif defined(__CUDACC__)
    __half_raw raw;
    raw.x = bits;
    return __half2float(raw);
#else
    _Float16 h;
    __builtin_memcpy(&h, &bits, 2);
    return static_cast<float>(h);
#endif
  }
};

// What elements of this type are computed in: float for halves, else the type itself.
template <class T>
struct ComputeOf {
  using Type = T;
};
template <>
struct ComputeOf<Half> {
  using Type = float;
};
template <class T>
using Compute = typename ComputeOf<T>::Type;

}  // namespace knet
