// Results of reductions under way: what one thread has combined, and how the results of several threads are combined.
#pragma once

#include <type_traits>

#include "../operations.h"

namespace knet {

// As `codes` in native-commands/src/reduce.ts.
enum class Reduction : int32_t { sum, prod, max, min, argmax, argmin };

KNET_HOST_DEVICE inline bool givesPosition(Reduction op) { return op >= Reduction::argmax; }

// Adds x to a total and returns what rounding has lost (Knuth's two-sum): the exact sum is the new total plus that.
template <class T>
__device__ T addTo(T& total, T x) {
  const T sum = total + x, part = sum - total;
  const T lost = (total - (sum - part)) + (x - part);
  total = sum;
  return lost;
}

// What nothing combines to.
template <class V>
__device__ V neutral(Reduction op) {
  if (op == Reduction::sum) return V(0);
  if (op == Reduction::prod) return V(1);
  const bool lowest = op == Reduction::max || op == Reduction::argmax;
  if constexpr (isFloatType<V>) return lowest ? V(-HUGE_VAL) : V(HUGE_VAL);
  else return lowest ? INT64_MIN : INT64_MAX;
}

// Whole numbers are combined in 64 bits and wrap around, so that they are right in every type that they may be stored in.
template <class V>
__device__ V product(V x, V y) {
  if constexpr (isFloatType<V>) return x * y;
  else return static_cast<V>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
}
template <class V>
__device__ V extreme(Reduction op, V x, V y) {
  return op == Reduction::max ? Arithmetic<V>::max(x, y) : Arithmetic<V>::min(x, y);
}

// What several threads have combined. Sums of float64 know what additions have lost; those of float32 are formed in float64 here.
template <class V, bool compensated>
struct Total {
  V value;
  V lost;
  // Of an extreme; -1 before the first element.
  int32_t position;

  __device__ void merge(Reduction op, const Total& x) {
    switch (op) {
      case Reduction::sum:
        if constexpr (compensated) lost += x.lost + addTo(value, x.value);
        else if constexpr (isFloatType<V>) value += x.value;
        else value = static_cast<V>(static_cast<uint64_t>(value) + static_cast<uint64_t>(x.value));
        return;
      case Reduction::prod:
        value = product(value, x.value);
        return;
      case Reduction::max:
      case Reduction::min:
        value = extreme(op, value, x.value);
        return;
      default:
        if (x.position < 0 || (position >= 0 && !precedes(op, x))) return;
        value = x.value;
        position = x.position;
    }
  }

  // The total in a lane whose number differs in the bits of `mask`.
  __device__ Total ofLane(Reduction op, int mask) const {
    Total x = *this;
    x.value = __shfl_xor_sync(allLanes, value, mask);
    if constexpr (compensated) x.lost = __shfl_xor_sync(allLanes, lost, mask);
    if (givesPosition(op)) x.position = __shfl_xor_sync(allLanes, position, mask);
    return x;
  }

  __device__ V result(Reduction op) const {
    // An infinite sum has lost NaN.
    if constexpr (compensated) return op == Reduction::sum && Arithmetic<V>::finite(value) ? value + lost : value;
    else return value;
  }

 private:
  // Whether x comes before this: NaN before numbers, then the more extreme one, then the first.
  __device__ bool precedes(Reduction op, const Total& x) const {
    const bool nan = value != value, otherNan = x.value != x.value;
    if (nan != otherNan) return otherNan;
    if (nan || x.value == value) return x.position < position;
    return op == Reduction::argmax ? x.value > value : x.value < value;
  }
};

template <class R>
using TotalOf = std::conditional_t<isFloatType<R>, Total<double, std::is_same_v<R, double>>, Total<int64_t, false>>;

// What one thread has combined, of elements that are computed in R. Sums of floats are compensated, as arithmetic in double
// precision is slow on many GPUs; products, which are rare and need its range, are not formed in single precision.
template <class R>
class Running {
  static constexpr bool real = isFloatType<R>, single = std::is_same_v<R, float>;
  using V = std::conditional_t<real, R, int64_t>;

 public:
  __device__ explicit Running(Reduction op) : value_(neutral<V>(op)), lost_(0), product_(1), position_(-1) {}

  // Combines the first n elements, whose positions begin at `first` and are `step` apart.
  template <int width>
  __device__ void add(Reduction op, const R (&x)[width], int n, int64_t first, int64_t step) {
    switch (op) {
      case Reduction::sum:
        return each<width>(n, [&](int v) {
          if constexpr (real) lost_ += addTo(value_, x[v]);
          else value_ = static_cast<V>(static_cast<uint64_t>(value_) + static_cast<uint64_t>(static_cast<V>(x[v])));
        });
      case Reduction::prod:
        return each<width>(n, [&](int v) {
          if constexpr (single) product_ *= static_cast<double>(x[v]);
          else value_ = product(value_, static_cast<V>(x[v]));
        });
      case Reduction::max:
        return each<width>(n, [&](int v) { value_ = Arithmetic<V>::max(value_, static_cast<V>(x[v])); });
      case Reduction::min:
        return each<width>(n, [&](int v) { value_ = Arithmetic<V>::min(value_, static_cast<V>(x[v])); });
      default:
        return each<width>(n, [&](int v) {
          const V y = static_cast<V>(x[v]);
          const bool better = op == Reduction::argmax ? y > value_ : y < value_;
          if (position_ >= 0 && !better && !(y != y && value_ == value_)) return;
          value_ = y;
          position_ = static_cast<int32_t>(first + v * step);
        });
    }
  }

  __device__ TotalOf<R> total(Reduction op) const {
    TotalOf<R> t{};
    t.position = position_;
    t.value = value_;
    if constexpr (single) {
      if (op == Reduction::prod) t.value = product_;
      if (op == Reduction::sum && Arithmetic<V>::finite(value_)) t.value += static_cast<double>(lost_);
    } else if constexpr (real) {
      t.lost = lost_;
    }
    return t;
  }

 private:
  V value_, lost_;
  double product_;
  int32_t position_;

  template <int width, class F>
  __device__ static void each(int n, F f) {
    KNET_UNROLL
    for (int v = 0; v < width; v++) {
      if (v < n) f(v);
    }
  }
};

}  // namespace knet
