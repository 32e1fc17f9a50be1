// Functions of CUDA's mathematical library that the C library lacks.
#pragma once


// Of the native CPU backend, which has them in double precision.
#include "../../../knetarray-onednn/native/special.h"

namespace knet::library {

#define KNET_BOTH(name)                                              \
  inline double name(double x) { return ::knet::special::name(x); } \
  inline float name##f(float x) { return static_cast<float>(::knet::special::name(x)); }
KNET_BOTH(sinpi)
KNET_BOTH(cospi)
KNET_BOTH(erfinv)
KNET_BOTH(erfcinv)
KNET_BOTH(erfcx)
#undef KNET_BOTH

}  // namespace knet::library
