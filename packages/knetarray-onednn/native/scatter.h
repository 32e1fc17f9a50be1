// Adding the elements of a vector to chosen elements of another.
#pragma once

#include "positions.h"

namespace knet {

// Elements `step` apart.
template <class T>
struct Line {
  T* data;
  int64_t step;
};

// y[positions[j]] += x[j] in the order of j, for y of `length` elements.
template <class T>
void scatterLine(Line<T> y, int64_t length, Line<const T> x, const Positions& positions, Excess& excess);

// The same on several threads, each of which adds what goes to its ranges of y; not to be called from a task.
template <class T>
void scatterLineInRanges(Line<T> y, int64_t length, Line<const T> x, const Positions& positions, Excess& excess);

}  // namespace knet
