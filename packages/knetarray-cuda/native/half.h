// Floats of two bytes in memory, and a float in registers: half precision (IEEE 754 binary16), and the upper half of a float.
#pragma once

#include <cstdint>
#include <cstring>

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

// In whole numbers, since GPUs before compute capability 8 have no instructions for it, and so that all give the same bits.
struct Bfloat {
  uint16_t bits;

  Bfloat() = default;
  KNET_HOST_DEVICE explicit Bfloat(float x) {
    uint32_t word;
    memcpy(&word, &x, 4);
    // Half of the last place is added, less one where the rest is even. A NaN might become something else.
    const uint32_t rounded = x == x ? word + 0x7fff + (word >> 16 & 1) : word | 0x400000;
    bits = static_cast<uint16_t>(rounded >> 16);
  }
  KNET_HOST_DEVICE operator float() const {
    const uint32_t word = uint32_t{bits} << 16;
    float x;
    memcpy(&x, &word, 4);
    return x;
  }
};

// What elements of this type are computed in: float for those of two bytes, else the type itself.
template <class T>
struct ComputeOf {
  using Type = T;
};
template <>
struct ComputeOf<Half> {
  using Type = float;
};
template <>
struct ComputeOf<Bfloat> {
  using Type = float;
};
template <class T>
using Compute = typename ComputeOf<T>::Type;

}  // namespace knet
