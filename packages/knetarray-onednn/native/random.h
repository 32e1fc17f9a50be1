// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011) and what is made of its words.
#pragma once

#include <cstdint>

#include "isa.h"

namespace knet {

struct PhiloxKey {
  uint32_t low;
  uint32_t high;
};

// Elements first .. first + count - 1 of the stream of a key; `first` is a multiple of 4, as a block makes 4 float32 or 2 float64.
#define KNET_RANDOM_OF(isa)                                                     \
  namespace isa {                                                               \
  void fillUniform(PhiloxKey key, int64_t first, int64_t count, float* out);    \
  void fillUniform(PhiloxKey key, int64_t first, int64_t count, double* out);   \
  void fillNormal(PhiloxKey key, int64_t first, int64_t count, float* out);     \
  void fillNormal(PhiloxKey key, int64_t first, int64_t count, double* out);    \
  }
KNET_RANDOM_OF(avx2)
KNET_RANDOM_OF(avx512)

}  // namespace knet
