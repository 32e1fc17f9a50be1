// Words of Philox 4x32-10, a vector of counters at a time.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "random.h"

namespace knet::KNET_ISA {
namespace {

// A 32-bit word of each counter, in the lower halves of 64-bit lanes; the upper halves hold anything, as multiplication ignores
// them. Output is interleaved by 128-bit quarters, for which `order` says which counter a lane takes.
#ifdef __AVX512F__
constexpr int laneCount = 8;
typedef uint64_t Lanes __attribute__((vector_size(8 * laneCount)));
constexpr Lanes order{0, 4, 1, 5, 2, 6, 3, 7}, evens{0, 8, 2, 10, 4, 12, 6, 14};
#else
constexpr int laneCount = 4;
typedef uint64_t Lanes __attribute__((vector_size(8 * laneCount)));
constexpr Lanes order{0, 2, 1, 3}, evens{0, 4, 2, 6};
#endif

inline Lanes times(Lanes a, Lanes b) {
#ifdef __AVX512F__
  return reinterpret_cast<Lanes>(_mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#else
  return reinterpret_cast<Lanes>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#endif
}
inline Lanes pair(Lanes low, Lanes high) { return (low & 0xffffffff) | (high << 32); }
inline void store(uint32_t* out, Lanes a, Lanes b) {
  const Lanes first = __builtin_shuffle(a, b, evens), second = __builtin_shuffle(a, b, evens + 1);
  __builtin_memcpy(out, &first, sizeof first);
  __builtin_memcpy(out + 2 * laneCount, &second, sizeof second);
}

// Vectors of counters side by side, which hide the latency of ten rounds; and the words that they make.
constexpr int sets = 4;
constexpr int64_t stepBlocks = sets * laneCount;

// The words of blocks first .. first + count - 1; `count` is rounded up to a multiple of stepBlocks.
inline void philox(PhiloxKey key, uint64_t first, int64_t count, uint32_t* out) {
  const Lanes factor0 = Lanes{} + 0xd2511f53, factor1 = Lanes{} + 0xcd9e8d57;
  for (int64_t at = 0; at < count; at += stepBlocks) {
    Lanes c0[sets], c1[sets], c2[sets], c3[sets];
    for (int s = 0; s < sets; s++) {
      c0[s] = order + (first + static_cast<uint64_t>(at + s * laneCount));
      c1[s] = c0[s] >> 32;
      c2[s] = c3[s] = Lanes{};
    }
    uint32_t key0 = key.low, key1 = key.high;
    for (int round = 0; round < 10; round++, key0 += 0x9e3779b9, key1 += 0xbb67ae85) {
      for (int s = 0; s < sets; s++) {
        const Lanes product0 = times(c0[s], factor0), product1 = times(c2[s], factor1);
        c0[s] = (product1 >> 32) ^ c1[s] ^ key0;
        c2[s] = (product0 >> 32) ^ c3[s] ^ key1;
        c1[s] = product1;
        c3[s] = product0;
      }
    }
    for (int s = 0; s < sets; s++) store(out + 4 * (at + s * laneCount), pair(c0[s], c1[s]), pair(c2[s], c3[s]));
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
