// Convolution: the geometry of a command, and the ways to compute it.
#pragma once

#include <cstdint>

#include "types.h"

namespace knet {

enum class ConvolutionKind { forward = 0, gradientX = 1, gradientW = 2 };

// x [X1, X2, X3, I, N], w [W1, W2, W3, I / group, O] and y [Y1, Y2, Y3, O, N], the first dimension fastest. Spatial dimensions that
// are not there have length 1 and come last.
struct Convolution {
  ConvolutionKind kind;
  DType dtype;
  int64_t x[3], w[3], y[3], padding[3], stride[3], dilation[3];
  int64_t group;
  int64_t inputs;   // channels of x in a group
  int64_t outputs;  // channels of y in a group
  int64_t batch;
  bool flip;  // whether filters are turned around: the last position meets the first element of x
  double alpha;
  int64_t xPlane, yPlane, taps;  // elements of one channel of x, y and w

  int64_t sizeOfX() const { return xPlane * inputs * group * batch; }
  int64_t sizeOfY() const { return yPlane * outputs * group * batch; }
  int64_t sizeOfW() const { return taps * inputs * outputs * group; }
};

// By kernels of our own: a and b are (w, x), (w, dy) or (x, dy) by kind.
void gatherConvolution(const Convolution& c, const char* a, const char* b, char* output);   // forward, gradientX
void weightsConvolution(const Convolution& c, const char* a, const char* b, char* output);  // gradientW

// Sums that were divided into `count` parts of `size` elements, one after the other: output = alpha * their sum, in order.
void combineParts(DType dtype, const void* parts, int64_t size, int count, double alpha, char* output);

// Every filter with its elements in the opposite order, from one place to another.
void turnFilters(const Convolution& c, const char* from, char* to);

// Into how many parts a sum is divided so that there is work for the whole GPU: blocks that there are without, steps of a sum that
// a part should have at least, and elements of the result.
int64_t partsFor(int64_t blocks, int64_t steps, int64_t leastSteps, int64_t size);

// Whether positions in x and y, in the padding as well, are numbers of 32 bits.
bool fitsInt32(const Convolution& c);

}  // namespace knet
