// What the convolutions share to cut work into parts and parts into tiles.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../ceil_divide.h"

namespace knet::KNET_ISA {
namespace {

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t clampTo(int64_t x, int64_t from, int64_t to) { return x < from ? from : x > to ? to : x; }

template <class T>
void clear(T* p, int64_t count) {
  for (int64_t i = 0; i < count; i++) p[i] = 0;
}

// Calls part(first, size) for parts of 0 .. count-1 of nearly equal sizes of at most `most`.
template <class F>
void split(int64_t count, int64_t most, F&& part) {
  const int64_t parts = ceilDivide(count, most);
  int64_t longer = count % parts;
  for (int64_t first = 0, size = count / parts + 1; first < count; first += size) {
    if (longer-- == 0) size--;
    part(first, static_cast<int>(size));
  }
}

// Calls f with the number 1 .. most that `n` is, as a type: std::integral_constant. So a tile's size can be a template's argument.
template <int most, class F>
void withConstant(int n, F&& f) {
  if constexpr (most > 0) {
    if (n == most) return f(std::integral_constant<int, most>());
    withConstant<most - 1>(n, f);
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
