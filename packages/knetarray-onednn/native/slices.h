// Two views that are walked together, slice by slice along one dimension: what the other dimensions look like once those that lie
// in one run have been merged.
#pragma once

#include <algorithm>

#include "types.h"

namespace knet {

struct Slices {
  // Within a slice: runs of `run` elements, `aStep` and `bStep` apart in the two views, and `lines` such runs.
  int64_t run = 1;
  int64_t aStep = 0;
  int64_t bStep = 0;
  int64_t lines = 1;
  // From one slice to the next.
  int64_t aSlice;
  int64_t bSlice;

  // The shapes agree but for `dim`; shape[dim] is not looked at.
  Slices(const View& a, const View& b, int dim) : aSlice(a.strides[dim]), bSlice(b.strides[dim]) {
    for (int d = 0; d < a.rank; d++) {
      if (d != dim && a.shape[d] != 1) add(a.shape[d], a.strides[d], b.strides[d]);
    }
    if (rank_ > 0) {
      run = shape_[0];
      aStep = a_[0];
      bStep = b_[0];
    }
    for (int d = 1; d < rank_; d++) lines *= shape_[d];
  }

  // Elements of a slice.
  int64_t size() const { return run * lines; }

  // Where run number `line` of a slice begins in both views.
  void locate(int64_t line, int64_t& inA, int64_t& inB) const {
    inA = inB = 0;
    for (int d = 1; d < rank_ && line > 0; d++) {
      const int64_t rest = line / shape_[d], at = line - rest * shape_[d];
      inA += at * a_[d];
      inB += at * b_[d];
      line = rest;
    }
  }

 private:
  int rank_ = 0;
  int64_t shape_[maxRank];
  int64_t a_[maxRank];
  int64_t b_[maxRank];

  void add(int64_t length, int64_t a, int64_t b) {
    const int last = rank_ - 1;
    if (last >= 0 && a == a_[last] * shape_[last] && b == b_[last] * shape_[last]) {
      shape_[last] *= length;
      return;
    }
    shape_[rank_] = length;
    a_[rank_] = a;
    b_[rank_++] = b;
  }
};

// The parts that a range of `count` things is divided into, `grain` things each but for the last.
struct Parts {
  int64_t count;
  int64_t grain;

  int64_t size() const { return (count + grain - 1) / grain; }
  int64_t begin(int64_t part) const { return part * grain; }
  int64_t end(int64_t part) const { return std::min(count, (part + 1) * grain); }
};

}  // namespace knet
