// How a convolution is cut into pieces that fit the caches. Depends on sizes alone.
#pragma once

#include <vector>

#include "convolution.h"

namespace knet {

// Multiplications that are worth a task: some ten microseconds.
inline constexpr double convolutionTaskWork = 5e5;

// The memory behind a plan's tables; a thread keeps it from call to call.
struct ConvolutionTables {
  std::vector<int64_t> slots, first, lineAt;
  std::vector<int32_t> at, partAt, planeAt;
};

// The plan for elements of so many bytes. It points into the tables.
ConvolutionPlan planConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, int64_t bytes, ConvolutionTables& tables);

}  // namespace knet
