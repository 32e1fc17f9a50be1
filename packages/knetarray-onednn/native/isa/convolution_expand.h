// The expanded image, see convolution.h: made from x, and added to the gradient of x.
#pragma once

#include "../convolution.h"
#include "convolution_lanes.h"

namespace knet::KNET_ISA {
namespace {

// The positions of y, from and to, along one dimension whose partner in x lies inside, for a filter position; and the
// position in x of y's first.
struct Span {
  int64_t from, to, start;
};

inline Span spanOf(const ConvolutionGeometry& g, int d, int64_t tap) {
  const int64_t k = g.flip ? g.w[d] - 1 - tap : tap;
  const int64_t start = k * g.dilation[d] - g.padding[d], stride = g.stride[d];
  int64_t from = start >= 0 ? 0 : (-start + stride - 1) / stride;
  int64_t to = g.x[d] - start <= 0 ? 0 : (g.x[d] - start + stride - 1) / stride;
  if (from > g.y[d]) from = g.y[d];
  if (to > g.y[d]) to = g.y[d];
  if (to < from) to = from;
  return {from, to, start};
}

template <class T>
void clear(T* p, int64_t count) {
  for (int64_t i = 0; i < count; i++) p[i] = 0;
}

// target[i] = source[i * stride] for from <= i < to, 0 for the other i < count. May write a vector too many.
template <class T>
void copyRow(T* target, const T* source, int64_t stride, int64_t from, int64_t to, int64_t count) {
  using L = Lanes<T>;
  if (stride == 1) {
    for (int64_t i = 0; i < count; i += L::count) {
      if (from <= i && i + L::count <= to) {
        L::store(target + i, L::load(source + i));
        continue;
      }
      const int64_t first = from < i ? 0 : from - i, last = to - i < L::count ? to - i : L::count;
      L::store(target + i, first < last ? L::load(source + i, L::range(first, last)) : L::zero());
    }
    return;
  }
  clear(target, from);
  for (int64_t i = from; i < to; i++) target[i] = source[i * stride];
  clear(target + to, count - to);
}

// target[i * stride] += source[i] for from <= i < to.
template <class T>
void addRow(T* target, const T* source, int64_t stride, int64_t from, int64_t to) {
  using L = Lanes<T>;
  if (stride == 1) {
    int64_t i = from;
    for (; i + L::count <= to; i += L::count) L::store(target + i, L::load(target + i) + L::load(source + i));
    if (i < to) {
      const auto mask = L::range(0, to - i);
      L::store(target + i, L::load(target + i, mask) + L::load(source + i, mask), mask);
    }
    return;
  }
  for (int64_t i = from; i < to; i++) target[i * stride] += source[i];
}

// True in one dimension with stride 1: there the rows, which have length 1, are neighbours in x too, and are copied as one.
inline bool isLine(const ConvolutionGeometry& g) { return g.x[0] * g.x[1] * g.inner == 1 && g.stride[2] == 1; }

// Calls row(at, x, from, to, count) for the rows of the expanded block of one channel: `at` is its place there, `x` the place
// in the channel's plane of x that meets its element 0, [from, to) its elements that lie inside of x, `count` its length.
template <class F>
void eachRow(const ConvolutionPlan& plan, int64_t rowBlock, F&& row) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t firstRow = rowBlock * plan.rows * g.stride[2];
  int64_t at = 0;
  for (int64_t t1 = 0; t1 < g.w[1]; t1++) {
    const Span s1 = spanOf(g, 1, t1);
    for (int64_t t0 = 0; t0 < g.w[0]; t0++) {
      const Span s0 = spanOf(g, 0, t0);
      if (isLine(g) && s0.from < s0.to && s1.from < s1.to) {
        const int64_t start = plan.slotAt[0] + firstRow;
        const int64_t from = start < 0 ? -start : 0, to = g.x[2] - start;
        const int64_t last = to < plan.slots ? to : plan.slots;
        row(at, (start * g.x[1] + s1.start) * g.x[0] + s0.start, from, last > from ? last : from, plan.slots);
        at += plan.slots;
        continue;
      }
      for (int64_t slot = 0; slot < plan.slots; slot++) {
        const int64_t x2 = plan.slotAt[slot] + firstRow;
        const bool inside = x2 >= 0 && x2 < g.x[2];
        for (int64_t y1 = 0; y1 < g.y[1]; y1++, at += g.y[0]) {
          const int64_t x = (x2 * g.x[1] + y1 * g.stride[1] + s1.start) * g.x[0] + s0.start;
          if (inside && y1 >= s1.from && y1 < s1.to) {
            row(at, x, s0.from, s0.to, g.y[0]);
          } else {
            row(at, 0, 0, 0, g.y[0]);
          }
        }
      }
    }
  }
}

// Expands `channels` channels of x, the first of which begins at `x`.
template <class T>
void expand(const ConvolutionPlan& plan, const T* x, int64_t channels, int64_t rowBlock, T* expanded) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t stride = isLine(g) ? 1 : g.stride[0], step = plan.expandedChannel;
  for (int64_t c = 0; c < channels; c++, x += g.xPlane, expanded += step) {
    eachRow(plan, rowBlock, [&](int64_t at, int64_t from, int64_t first, int64_t last, int64_t count) {
      copyRow(expanded + at, x + from, stride, first, last, count);
    });
  }
}

// Adds an expanded block to `channels` channels of dx.
template <class T>
void fold(const ConvolutionPlan& plan, const T* expanded, int64_t channels, int64_t rowBlock, T* dx) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t stride = isLine(g) ? 1 : g.stride[0], step = plan.expandedChannel;
  for (int64_t c = 0; c < channels; c++, dx += g.xPlane, expanded += step) {
    eachRow(plan, rowBlock, [&](int64_t at, int64_t to, int64_t first, int64_t last, int64_t) {
      addRow(dx + to, expanded + at, stride, first, last);
    });
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
