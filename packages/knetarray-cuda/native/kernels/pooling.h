// Max pooling: the geometry, and the largest element of one window.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "../divider.h"
#include "../types.h"

namespace knet {

// Three spatial dimensions, those that are not there of length 1. Indices are of 32 bits where all of x and y can be counted so.
template <class Index>
struct Pooling {
  Index x[3];
  Index y[3];
  Index window[3];
  Index padding[3];
  Index stride[3];
  Index inputs;   // elements of x
  Index outputs;  // elements of y
  Divider<Index> xBy[3];
  Divider<Index> yBy[3];
  Divider<Index> strideBy[3];
};

// What a window that lies in the padding alone gives.
template <class T>
__device__ T nothing() {
  if constexpr (std::is_floating_point_v<Compute<T>>) return static_cast<T>(-static_cast<Compute<T>>(INFINITY));
  else return T(0);
}

// Where the window at i begins within a plane of x, and where it ends.
template <class Index>
struct WindowSpan {
  Index begin[3];
  Index end[3];

  __device__ WindowSpan(const Pooling<Index>& g, const Index (&i)[3]) {
    KNET_UNROLL
    for (int d = 0; d < 3; d++) {
      begin[d] = i[d] * g.stride[d] - g.padding[d];
      end[d] = begin[d] + g.window[d];
      if (begin[d] < 0) begin[d] = 0;
      if (end[d] > g.x[d]) end[d] = g.x[d];
    }
  }
};

// Where in x the window at i of a plane has its largest element, or -1: the first of equal ones, and the first NaN before all.
template <class T, class Index>
__device__ Index placeOfLargest(const Pooling<Index>& g, const T* __restrict__ x, Index plane, const Index (&i)[3]) {
  using C = Compute<T>;
  const WindowSpan<Index> span(g, i);
  Index place = -1;
  C best{};
  for (Index w = span.begin[2]; w < span.end[2]; w++) {
    for (Index v = span.begin[1]; v < span.end[1]; v++) {
      const Index row = ((plane * g.x[2] + w) * g.x[1] + v) * g.x[0];
      for (Index u = span.begin[0]; u < span.end[0]; u++) {
        const C value = static_cast<C>(x[row + u]);
        if (place < 0 || (!(value <= best) && best == best)) {
          place = row + u;
          best = value;
        }
      }
    }
  }
  return place;
}

}  // namespace knet
