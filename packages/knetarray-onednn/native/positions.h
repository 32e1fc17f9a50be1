// Lists of positions along a dimension, and the error for one past its end.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

#include "types.h"

namespace knet {

// An int32 vector of any stride. A negative position stands for nothing.
struct Positions {
  const int32_t* data;
  int64_t step;
  int64_t count;

  int64_t operator[](int64_t j) const { return data[j * step]; }
};

// True for a position from 0 to length - 1.
inline bool inside(int64_t position, int64_t length) { return static_cast<uint64_t>(position) < static_cast<uint64_t>(length); }

// The largest position past the end that any task has met.
class Excess {
 public:
  // Takes a position that is not inside; negative ones are fine.
  void meet(int64_t position) {
    int64_t known = largest_.load(std::memory_order_relaxed);
    while (position > known && !largest_.compare_exchange_weak(known, position, std::memory_order_relaxed)) {
    }
  }

  // Throws std::out_of_range if a position was past the end of dimension `dim` of `view`.
  void check(const char* caller, const View& view, int dim) const {
    const int64_t position = largest_.load(std::memory_order_relaxed);
    if (position < 0) return;
    std::string shape;
    for (int d = 0; d < view.rank; d++) shape += (d == 0 ? "" : ", ") + std::to_string(view.shape[d]);
    throw std::out_of_range(std::string(caller) + ": position " + std::to_string(position) + " is out of range for dimension " +
                            std::to_string(dim) + " of shape [" + shape + "]");
  }

 private:
  std::atomic<int64_t> largest_{-1};
};

}  // namespace knet
