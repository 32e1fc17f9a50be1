// How a reduction is divided among threads and blocks. The division depends on sizes alone: results have the same bits on every GPU.
#pragma once

#include <algorithm>

#include "../divider.h"
#include "../program.h"
#include "totals.h"

namespace knet {

// Threads of a block.
inline constexpr int reduceThreads = 256;
inline constexpr int reduceThreadsLog = 8;

// Numbers of more than 31 bits are rare: this need not be in every kernel.
KNET_NOINLINE __device__ inline int64_t quotientFar(int64_t x, int64_t y) { return x / y; }

struct ReducePlan {
  Reduction op;
  // The first `reduced` dimensions are reduced, the others are kept; of each kind, the fastest in memory comes first.
  int32_t reduced, rank;
  // Whether a position may not fit in 31 bits.
  bool wide;
  Divider<int32_t> dividers[maxRank];
  int64_t lengths[maxRank];
  // Results, and elements that go into one.
  int64_t outputs, count;
  // So many threads of a block share an output; those of a warp are neighbours in the reduced dimensions, or - with `columns` - have
  // neighbouring outputs. A power of two.
  int32_t lanesLog;
  bool columns;
  // Elements of an output that one block combines; with several segments a second kernel combines their results.
  int64_t segment;
  int32_t segments;
  char* out;
  DType outType;
  // Of the output along kept dimensions.
  int64_t outStrides[maxRank];

  int64_t outputsPerBlock() const { return reduceThreads >> lanesLog; }
  unsigned tiles() const { return static_cast<unsigned>((outputs + outputsPerBlock() - 1) / outputsPerBlock()); }
};

// Where positions along some of the dimensions are: i and then every `step` ones. With P = int32_t, positions and places must fit.
template <class P, int width>
__device__ void placesAlong(const ReducePlan& plan, int from, int to, const int64_t* strides, int64_t i, int64_t step, P (&places)[width]) {
  P rest[width];
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    rest[v] = static_cast<P>(i + v * step);
    places[v] = 0;
  }
  for (int d = from; d < to - 1; d++) {
    const P stride = static_cast<P>(strides[d]), length = static_cast<P>(plan.lengths[d]);
    KNET_UNROLL
    for (int v = 0; v < width; v++) {
      P next = plan.dividers[d].quotient(static_cast<int32_t>(rest[v]));
      if constexpr (sizeof(P) == 8) {
        if (plan.wide) next = quotientFar(rest[v], length);
      }
      places[v] += (rest[v] - next * length) * stride;
      rest[v] = next;
    }
  }
  if (from == to) return;
  KNET_UNROLL
  for (int v = 0; v < width; v++) places[v] += rest[v] * static_cast<P>(strides[to - 1]);
}
__device__ inline int64_t placeAlong(const ReducePlan& plan, int from, int to, const int64_t* strides, int64_t i) {
  int64_t place[1];
  placesAlong(plan, from, to, strides, i, 0, place);
  return place[0];
}

// One dimension of a reduction, as it is sorted and merged with others.
struct ReducedDimension {
  int64_t length;
  bool kept;
  int64_t out;
  int64_t strides[maxArrays];
  // About the bytes that are read from memory for one element of every operand when neighbouring threads are neighbours here.
  int64_t cost;
};

inline int log2Above(int64_t x) {
  int log = 0;
  while ((int64_t{1} << log) < x) log++;
  return log;
}

// Threads for an output and segments of its elements: enough of them to fill a large GPU, each with some elements to combine.
inline void divide(ReducePlan& plan) {
  constexpr int64_t fullThreads = 1 << 18, fullBlocks = fullThreads / reduceThreads, fewElements = 16;
  const int64_t count = std::max<int64_t>(plan.count, 1), outputs = plan.outputs;
  if (plan.columns) {
    // Neighbouring outputs for whole warps where there are as many.
    const int widest = outputs >= fullThreads || count <= fewElements ? reduceThreadsLog : 5;
    const int outputsLog = std::min(widest, log2Above(outputs));
    plan.lanesLog = std::min(reduceThreadsLog - outputsLog, log2Above(count));
  } else {
    const bool block = count >= 4096 || (count >= 512 && outputs < 8192);
    plan.lanesLog = block ? reduceThreadsLog : std::min(5, log2Above((count + 3) / 4));
  }
  const int64_t perBlock = fewElements << plan.lanesLog;
  const int64_t segments = std::max<int64_t>(1, std::min(fullBlocks / std::max<int64_t>(1, plan.tiles()), count / perBlock));
  plan.segment = (count + segments - 1) / segments;
  plan.segments = static_cast<int32_t>((count + plan.segment - 1) / plan.segment);
}

// Plans the reduction of what a bound program computes, and puts the strides of its operands in the order of the plan.
inline ReducePlan planReduction(Reduction op, Bound& p, const bool* reduced, char* out, DType outType) {
  ReducedDimension dimensions[maxRank];
  int64_t step = 1;
  int rank = p.rank, fastest = 0;
  for (int d = 0; d < rank; d++) {
    ReducedDimension& x = dimensions[d];
    x.length = p.shape[d];
    x.kept = !reduced[d];
    x.out = x.kept ? step : 0;
    if (x.kept) step *= x.length;
    x.cost = 0;
    for (int k = 0; k < p.code.inputs; k++) {
      x.strides[k] = p.operands[k].strides[d];
      x.cost += std::min<int64_t>(128, std::abs(x.strides[k]) * bytesOf(p.operands[k].dtype));
    }
    if (x.cost < dimensions[fastest].cost) fastest = d;
  }
  ReducePlan plan{};
  plan.op = op;
  plan.columns = rank > 0 && dimensions[fastest].kept;
  // Positions count in the order that was given.
  const bool sorted = !givesPosition(op);
  std::stable_sort(dimensions, dimensions + rank, [sorted](const ReducedDimension& a, const ReducedDimension& b) {
    return a.kept != b.kept ? b.kept : sorted && a.cost < b.cost;
  });
  plan.outputs = plan.count = 1;
  for (int d = 0; d < rank; d++) {
    const ReducedDimension& x = dimensions[d];
    (x.kept ? plan.outputs : plan.count) *= x.length;
    const int last = plan.rank - 1;
    bool joins = last >= 0 && x.kept == (last >= plan.reduced) && x.out == plan.outStrides[last] * plan.lengths[last];
    for (int k = 0; joins && k < p.code.inputs; k++) joins = x.strides[k] == p.operands[k].strides[last] * plan.lengths[last];
    if (joins) {
      plan.lengths[last] *= x.length;
      continue;
    }
    plan.lengths[plan.rank] = x.length;
    plan.outStrides[plan.rank] = x.out;
    for (int k = 0; k < p.code.inputs; k++) p.operands[k].strides[plan.rank] = x.strides[k];
    plan.rank++;
    if (!x.kept) plan.reduced++;
  }
  plan.wide = plan.outputs > INT32_MAX || plan.count > INT32_MAX;
  for (int d = 0; !plan.wide && d < plan.rank; d++) {
    plan.dividers[d] = Divider<int32_t>(static_cast<int32_t>(std::max<int64_t>(1, plan.lengths[d])));
  }
  plan.out = out;
  plan.outType = outType;
  divide(plan);
  return plan;
}

}  // namespace knet
