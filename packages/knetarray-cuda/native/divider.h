// Division by numbers that the kernel is given: a product and a shift in 32 bits, where the sizes fit.
#pragma once

#include <cstdint>

#include "launch.h"

namespace knet {

// Divides whole numbers from 0 on by a fixed one.
template <class Index>
class Divider {
 public:
  Divider() = default;
  KNET_HOST_DEVICE explicit Divider(Index divisor) : divisor_(divisor) {}
  KNET_HOST_DEVICE Index quotient(Index n) const { return n / divisor_; }
  KNET_HOST_DEVICE Index divisor() const { return divisor_; }
  // The quotient, and the remainder in n.
  KNET_HOST_DEVICE Index split(Index& n) const {
    const Index q = quotient(n);
    n -= q * divisor_;
    return q;
  }

 private:
  Index divisor_ = 1;
};

// For 0 <= n < 2^31 and s with d <= 2^s < 2d, m = ceil(2^(31 + s) / d) has at most 32 bits, and n m exceeds n 2^(31 + s) / d by
// less than 2^(31 + s) / d: too little to reach the next whole quotient.
template <>
class Divider<int32_t> {
 public:
  KNET_HOST_DEVICE Divider() : Divider(1) {}
  KNET_HOST_DEVICE explicit Divider(int32_t divisor) : divisor_(divisor) {
    uint32_t s = 0;
    while ((uint64_t{1} << s) < static_cast<uint64_t>(divisor)) s++;
    const uint64_t d = static_cast<uint64_t>(divisor);
    factor_ = static_cast<uint32_t>(((uint64_t{1} << (31 + s)) + d - 1) / d);
    shift_ = 31 + s;
  }
  KNET_HOST_DEVICE int32_t quotient(int32_t n) const {
    return static_cast<int32_t>(static_cast<uint64_t>(static_cast<uint32_t>(n)) * factor_ >> shift_);
  }
  KNET_HOST_DEVICE int32_t divisor() const { return divisor_; }
  KNET_HOST_DEVICE int32_t split(int32_t& n) const {
    const int32_t q = quotient(n);
    n -= q * divisor_;
    return q;
  }

 private:
  int32_t divisor_;
  uint32_t factor_;
  uint32_t shift_;
};

}  // namespace knet
