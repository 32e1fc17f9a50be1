// Lists of positions along a dimension, and how the elements of the slices that they choose are walked.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "words.h"

namespace knet {

// An int32 vector of any stride. A position that is negative or past the end stands for nothing: only the GPU knows the list, and it
// must not reach beyond an array.
struct Positions {
  const int32_t* data;
  int64_t step;
  int64_t count;
  // Length of the dimension that they point into.
  int64_t length;

  __device__ int32_t at(int64_t j) const { return data[j * step]; }
  __device__ bool inside(int32_t position) const { return position >= 0 && position < length; }
};

// What `gather` and `scatterAdd` are given, by `positions` in native-commands/src/gather.ts. The listed view has one slice for each position,
// the other one is what the positions point into.
struct Selection {
  int dim;
  Positions positions;
  View source, output;

  Selection(Words& w, bool scatter) : dim(static_cast<int>(w.integer())) {
    positions.data = w.pointer<const int32_t>();
    positions.step = w.integer();
    positions.count = w.integer();
    source = w.view();
    output = w.view();
    positions.length = (scatter ? output : source).shape[dim];
  }
};

// The elements of a listed view in their order, dimensions that lie in one run merged: where each is in it, where its slice 0 would
// be in the other view, and which position of the list it belongs to.
struct Slices {
  int rank = 0;
  int64_t size = 1;
  int64_t shape[maxRank];
  int64_t listed[maxRank];
  int64_t other[maxRank];
  int64_t position[maxRank];
  // From one slice to the next.
  int64_t listedSlice, otherSlice;

  Slices(const View& a, const View& b, int dim) : listedSlice(a.strides[dim]), otherSlice(b.strides[dim]) {
    for (int d = 0; d < a.rank; d++) {
      if (d == dim) add(a.shape[d], a.strides[d], 0, 1);
      else if (a.shape[d] != 1) add(a.shape[d], a.strides[d], b.strides[d], 0);
      size *= a.shape[d];
    }
  }

  __device__ void locate(int64_t i, int64_t& inListed, int64_t& inOther, int64_t& j) const {
    inListed = inOther = j = 0;
    for (int d = 0; d < rank; d++) {
      int64_t at = i;
      if (d < rank - 1) {
        // Division of 64 bits takes several times as long as of 32.
        const bool narrow = i <= 0x7fffffff && shape[d] <= 0x7fffffff;
        const int64_t next = narrow ? static_cast<uint32_t>(i) / static_cast<uint32_t>(shape[d]) : i / shape[d];
        at = i - next * shape[d];
        i = next;
      }
      inListed += at * listed[d];
      inOther += at * other[d];
      j += at * position[d];
    }
  }

  // Makes two neighbours one element of twice the size, where that is possible everywhere.
  bool widen(bool aligned) {
    bool can = aligned && rank > 0 && listed[0] == 1 && other[0] == 1 && shape[0] % 2 == 0 && otherSlice % 2 == 0;
    for (int d = 1; d < rank; d++) can = can && listed[d] % 2 == 0 && other[d] % 2 == 0;
    if (!can) return false;
    for (int d = 1; d < rank; d++) {
      listed[d] /= 2;
      other[d] /= 2;
    }
    shape[0] /= 2;
    size /= 2;
    listedSlice /= 2;
    otherSlice /= 2;
    return true;
  }

 private:
  void add(int64_t length, int64_t a, int64_t b, int64_t j) {
    const int last = rank - 1;
    const bool joins =
        last >= 0 && position[last] == 0 && j == 0 && a == listed[last] * shape[last] && b == other[last] * shape[last];
    if (joins) {
      shape[last] *= length;
      return;
    }
    if (rank == maxRank) throw std::out_of_range("an array of more than 16 dimensions that do not lie in one run: copy it first");
    shape[rank] = length;
    listed[rank] = a;
    other[rank] = b;
    position[rank++] = j;
  }
};

}  // namespace knet
