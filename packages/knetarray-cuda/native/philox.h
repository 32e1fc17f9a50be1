// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): words from a counter and a key, as random/philox.ts of the array layer says.
#pragma once

#include <cstdint>

#include "launch.h"

namespace knet {

struct PhiloxKey {
  uint32_t low, high;
};

// The four words of block b of a stream.
__device__ inline void philox(uint64_t b, PhiloxKey key, uint32_t (&words)[4]) {
  uint32_t c0 = static_cast<uint32_t>(b), c1 = static_cast<uint32_t>(b >> 32), c2 = 0, c3 = 0;
  KNET_UNROLL
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = uint64_t{0xd2511f53} * c0, p1 = uint64_t{0xcd9e8d57} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key.low;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key.high;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    key.low += 0x9e3779b9;
    key.high += 0xbb67ae85;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

}  // namespace knet
