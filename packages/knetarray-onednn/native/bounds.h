// Bounds of a list of positions.
#pragma once

#include <cstdint>

#include "isa.h"

namespace knet {

// The smallest and the largest of n positions that are not negative; INT32_MAX and -1 when there is none.
namespace avx2 {
void boundsOf(const int32_t* list, int64_t n, int32_t& low, int32_t& high);
}
namespace avx512 {
void boundsOf(const int32_t* list, int64_t n, int32_t& low, int32_t& high);
}

}  // namespace knet
