// The expanded image, see convolution.h: made from x, and added to the gradient of x.
#pragma once

#include "../convolution.h"
#include "convolution_lanes.h"
#include "convolution_parts.h"

namespace knet::KNET_ISA {
namespace {

// Where a filter position of the first dimension meets a row of x: the place in x of the first pixel of a row of y, and the
// pixels from .. to - 1 of that row whose place lies inside of x.
struct Span {
  int64_t start, from, to;
};

inline Span spanOf(const ConvolutionGeometry& g, int64_t tap) {
  const int64_t stride = g.stride[0], start = (g.flip ? g.w[0] - 1 - tap : tap) * g.dilation[0] - g.padding[0];
  const int64_t from = start >= 0 ? 0 : (-start + stride - 1) / stride, to = (g.x[0] - start + stride - 1) / stride;
  return {start, least(from, g.y[0]), g.x[0] <= start ? 0 : clampTo(to, 0, g.y[0])};
}

// True in one dimension with stride 1: then rows, of length 1, are neighbours in x too, and are copied as one.
inline bool isLine(const ConvolutionGeometry& g) {
  const bool oneDimension = g.x[0] * g.x[1] * g.w[0] * g.w[1] * g.inner == 1 && g.padding[0] == 0 && g.padding[1] == 0;
  return oneDimension && g.stride[2] == 1;
}

// The part of a line that lies inside of x.
inline Span lineSpan(const ConvolutionPlan& plan, int64_t shift) {
  const int64_t start = plan.lineAt[0] + shift, x = plan.geometry.xPlane;
  const int64_t from = clampTo(-start, 0, plan.slots);
  return {start, from, clampTo(x - start, from, plan.slots)};
}

// The pixels p and following, as many as a vector of L has, of the rows of copyRows, for stride 1.
template <class T, class L>
void copyColumns(const T* x, const int64_t* lines, int64_t count, int64_t shift, const ConvolutionGeometry& g, Span span, int64_t p,
                 T* target) {
  const int64_t length = g.y[0], first = clampTo(span.from - p, 0, L::count), last = clampTo(span.to - p, first, L::count);
  const auto inside = L::range(first, last), whole = L::range(0, least(length - p, L::count));
  const uint64_t plane = static_cast<uint64_t>(g.xPlane);
  const T* const from = x + span.start + p;
  T* to = target + p;
  if (first == 0 && last == L::count) {
    for (int64_t i = 0; i < count; i++, to += length) {
      const int64_t at = lines[i] + shift;
      L::store(to, static_cast<uint64_t>(at) < plane ? L::load(from + at) : L::zero());
    }
    return;
  }
  for (int64_t i = 0; i < count; i++, to += length) {
    const int64_t at = lines[i] + shift;
    L::store(to, static_cast<uint64_t>(at) < plane ? L::load(from + at, inside) : L::zero(), whole);
  }
}

// Copies rows of x, of which lines[i] + shift is the place, to rows of y's length that lie one behind the other. Rows outside
// of the plane of x, and the pixels outside of it, are zeros.
template <class T>
void copyRows(const T* x, const int64_t* lines, int64_t count, int64_t shift, const ConvolutionGeometry& g, Span span, T* target) {
  using L = Lanes<T>;
  const int64_t length = g.y[0], stride = g.stride[0];
  const uint64_t plane = static_cast<uint64_t>(g.xPlane);
  if (stride != 1) {
    for (int64_t i = 0; i < count; i++, target += length) {
      const int64_t at = lines[i] + shift;
      if (static_cast<uint64_t>(at) >= plane) {
        clear(target, length);
        continue;
      }
      const T* const row = x + at + span.start;
      clear(target, span.from);
      for (int64_t p = span.from; p < span.to; p++) target[p] = row[p * stride];
      if (span.to < length) clear(target + span.to, length - span.to);
    }
    return;
  }
  int64_t p = 0;
  for (; p + HalfLanes<T>::count < length; p += L::count) copyColumns<T, L>(x, lines, count, shift, g, span, p, target);
  // Stores that cross lines of the cache are slow: the rest of a row is not stored as if it were longer.
  if (p < length) copyColumns<T, HalfLanes<T>>(x, lines, count, shift, g, span, p, target);
}

// Expands `channels` channels of x, the first of which begins at `x`. The image of each filter position has a distance of `step`.
template <class T>
void expand(const ConvolutionPlan& plan, const T* x, int64_t channels, int64_t rowBlock, int64_t step, T* expanded) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t shift = rowBlock * plan.rows * g.stride[2] * g.x[0] * g.x[1];
  if (isLine(g)) {
    const Span span = lineSpan(plan, shift);
    for (int64_t c = 0; c < channels; c++, x += g.xPlane, expanded += step) {
      clear(expanded, span.from);
      for (int64_t i = span.from; i < span.to; i++) expanded[i] = x[span.start + i];
      clear(expanded + span.to, plan.slots - span.to);
    }
    return;
  }
  const int64_t lines = plan.slots * g.y[1];
  for (int64_t c = 0; c < channels; c++, x += g.xPlane)
    for (int64_t t1 = 0; t1 < g.w[1]; t1++)
      for (int64_t t0 = 0; t0 < g.w[0]; t0++, expanded += step)
        copyRows(x, plan.lineAt + t1 * lines, lines, shift, g, spanOf(g, t0), expanded);
}

// Adds the rows that copyRows would make, for `taps` filter positions of the first dimension at once. With add = false dx is
// zero, and is not read: a vector that overlaps with the one just stored would have to wait for it.
template <class T, int taps>
void addRows(const T* source, int64_t slab, const int64_t* lines, int64_t count, int64_t shift, const ConvolutionGeometry& g,
             int64_t firstTap, bool add, T* dx) {
  using L = Lanes<T>;
  const int64_t length = g.y[0], stride = g.stride[0];
  const uint64_t plane = static_cast<uint64_t>(g.xPlane);
  if (stride != 1) {
    for (int64_t t = 0; t < taps; t++) {
      const Span span = spanOf(g, firstTap + t);
      for (int64_t i = 0; i < count; i++) {
        const int64_t at = lines[i] + shift;
        if (static_cast<uint64_t>(at) >= plane) continue;
        for (int64_t p = span.from; p < span.to; p++) dx[at + span.start + p * stride] += source[t * slab + i * length + p];
      }
    }
    return;
  }
  for (int64_t p = 0; p < g.x[0]; p += L::count) {
    typename L::Mask masks[taps];
    const T* from[taps];
    for (int t = 0; t < taps; t++) {
      const Span span = spanOf(g, firstTap + t);
      const int64_t first = clampTo(span.start + span.from - p, 0, L::count);
      masks[t] = L::range(first, clampTo(span.start + span.to - p, first, L::count));
      from[t] = source + t * slab + p - span.start;
    }
    const auto whole = L::range(0, least(g.x[0] - p, L::count));
    for (int64_t i = 0; i < count; i++) {
      const int64_t at = lines[i] + shift;
      if (static_cast<uint64_t>(at) >= plane) continue;
      auto sum = add ? L::load(dx + at + p, whole) : L::zero();
#pragma GCC unroll 8
      for (int t = 0; t < taps; t++) sum += L::load(from[t] + i * length, masks[t]);
      L::store(dx + at + p, sum, whole);
    }
  }
}

// Adds an expanded block to `channels` channels of dx.
template <class T>
void fold(const ConvolutionPlan& plan, const T* expanded, int64_t channels, int64_t rowBlock, T* dx) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t shift = rowBlock * plan.rows * g.stride[2] * g.x[0] * g.x[1];
  if (isLine(g)) {
    const Span span = lineSpan(plan, shift);
    for (int64_t c = 0; c < channels; c++, dx += g.xPlane, expanded += plan.slots)
      for (int64_t i = span.from; i < span.to; i++) dx[span.start + i] += expanded[i];
    return;
  }
  const int64_t lines = plan.slots * g.y[1];
  for (int64_t c = 0; c < channels; c++, dx += g.xPlane)
    for (int64_t t1 = 0; t1 < g.w[1]; t1++, expanded += g.w[0] * plan.slab)
      for (int64_t t0 = 0, taps = 0; t0 < g.w[0]; t0 += taps) {
        auto run = [&](auto add) {
          add(expanded + t0 * plan.slab, plan.slab, plan.lineAt + t1 * lines, lines, shift, g, t0, rowBlock > 0 || t1 > 0 || t0 > 0, dx);
        };
        const int64_t rest = g.w[0] - t0;
        taps = rest >= 7 ? 7 : rest >= 5 ? 5 : rest >= 3 ? 3 : 1;
        if (taps == 7) run(addRows<T, 7>);
        if (taps == 5) run(addRows<T, 5>);
        if (taps == 3) run(addRows<T, 3>);
        if (taps == 1) run(addRows<T, 1>);
      }
}

}  // namespace
}  // namespace knet::KNET_ISA
