#include "bounds.h"

namespace knet::KNET_ISA {

void boundsOf(const int32_t* list, int64_t n, int32_t& low, int32_t& high) {
  // Negative positions, taken as unsigned, are above all others.
  uint32_t smallest = INT32_MAX;
  int32_t largest = -1;
  for (int64_t j = 0; j < n; j++) {
    const uint32_t i = static_cast<uint32_t>(list[j]);
    smallest = i < smallest ? i : smallest;
    largest = list[j] > largest ? list[j] : largest;
  }
  low = static_cast<int32_t>(smallest);
  high = largest;
}

}  // namespace knet::KNET_ISA
