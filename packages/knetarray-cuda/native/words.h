// The command block: numbers that JavaScript writes before a call without arguments, which is several times cheaper than passing
// them. Everything is a double: addresses and lengths stay far below 2^53.
#pragma once

#include <stdexcept>

#include "types.h"

namespace knet {

// Reads the numbers of one command in order.
class Words {
 public:
  explicit Words(const double* words) : next_(words) {}

  double number() { return *next_++; }
  int64_t integer() { return static_cast<int64_t>(*next_++); }
  bool flag() { return *next_++ != 0; }
  char* address() { return reinterpret_cast<char*>(static_cast<uintptr_t>(*next_++)); }
  template <class T>
  T* pointer() {
    return reinterpret_cast<T*>(address());
  }
  DType dtype() { return static_cast<DType>(integer()); }

  // Written by `Command.view` in native-commands/src/command.ts.
  View view() {
    View v;
    v.data = address();
    v.dtype = dtype();
    v.rank = static_cast<int>(integer());
    if (v.rank > maxGivenRank) throw std::out_of_range("an array of too many dimensions");
    for (int d = 0; d < v.rank; d++) v.shape[d] = integer();
    for (int d = 0; d < v.rank; d++) v.strides[d] = integer();
    return v;
  }

 private:
  const double* next_;
};

}  // namespace knet
