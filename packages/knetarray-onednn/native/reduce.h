// Reductions: how pieces of elements are combined into accumulators.
#pragma once

#include "types.h"

namespace knet {

// In the order of `reductions` in native-commands/src/reduce.ts.
enum class Reduction : uint8_t { sum, prod, max, min, argmax, argmin };

// What results are formed in: double for fractions, int64 for whole numbers, which wrap around in the end as they should.
union Accumulator {
  double real;
  int64_t whole;
};

// Results under way, one entry each.
struct Accumulators {
  Accumulator* values;
  // For sums of fractions: what additions of parts have lost so far.
  double* lost;
  // For argmax and argmin: the position of the extreme, -1 before the first element.
  int32_t* positions;
};

// Combines `rows` rows of n elements. By rows, row r goes into result r; by columns, element i of every row into result i.
// `position` is that of the first element (by rows) or row (by columns) along the reduced dimension.
using Combine = void (*)(const Accumulators& into, const char* x, int64_t n, int64_t rows, int64_t position);

struct Combiner {
  Combine rows, columns;
};

namespace avx2 {
Combiner combinerOf(Reduction op, DType dtype);
}
namespace avx512 {
Combiner combinerOf(Reduction op, DType dtype);
}

}  // namespace knet
