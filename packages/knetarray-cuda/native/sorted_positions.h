// Lists of positions sorted on the GPU, so that who needs all of one kind finds them side by side.
#pragma once

#include "device.h"
#include "slices.h"

namespace knet {

// The numbers of a list's elements in the order of their positions, equal ones as they come. Until the end of the scope.
class SortedPositions {
 public:
  explicit SortedPositions(const Positions& positions);

  // The positions themselves; those that stand for nothing are `limit`, and come last.
  const uint32_t* keys() const { return keys_; }
  const int32_t* order() const { return order_; }
  uint32_t limit() const { return limit_; }

 private:
  void byRank(const Positions& positions);
  void byDigits(const Positions& positions);

  uint32_t limit_;
  // Two of each: a pass reads one and writes the other.
  Scratch memory_;
  uint32_t* keys_;
  int32_t* order_;
};

}  // namespace knet
