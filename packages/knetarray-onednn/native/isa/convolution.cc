#include "../convolution.h"

#include "../ceil_divide.h"
#include "convolution_expand.h"
#include "convolution_tiles.h"

namespace knet::KNET_ISA {
namespace {

// Calls tile(first pixel, vectors, pixels of the last vector).
template <class T, class F>
void splitPixels(int64_t pixels, F&& tile) {
  constexpr int64_t lanes = Lanes<T>::count;
  const int64_t count = ceilDivide(pixels, lanes);
  split(count, maxVectors, [&](int64_t first, int vectors) {
    const int64_t end = (first + vectors) * lanes;
    tile(first * lanes, vectors, static_cast<int>(end <= pixels ? lanes : pixels - (end - lanes)));
  });
}

template <class T>
void forward(const ConvolutionPlan& plan, const T* w, const T* x, T* y, int64_t image, int64_t group, int64_t rowBlock, T* expanded) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t firstRow = rowBlock * plan.rows, pixels = least(plan.rows, g.y[2] - firstRow) * g.inner;
  const int64_t depth = g.inputs * g.taps;
  x += (image * g.group + group) * g.inputs * g.xPlane;
  y += (image * g.group + group) * g.outputs * g.yPlane + firstRow * g.inner;
  w += group * g.outputs * depth;
  for (int64_t first = 0; first < g.inputs; first += plan.channels) {
    const int64_t channels = least(plan.channels, g.inputs - first);
    expand(plan, x + first * g.xPlane, channels, rowBlock, plan.slab, expanded);
    splitPixels<T>(pixels, [&](int64_t pixel, int vectors, int tail) {
      split(g.outputs, maxColumns, [&](int64_t output, int columns) {
        multiply<T>({expanded + pixel, plan.at, channels * g.taps, w + first * g.taps + output * depth, 1, depth, y + pixel,
                     plan.planeAt + output, static_cast<T>(g.alpha), first > 0, tail},
                    vectors, columns);
      });
    });
  }
}

template <class T>
void gradientX(const ConvolutionPlan& plan, const T* w, const T* dy, T* dx, int64_t image, int64_t group, int64_t channelBlock,
               T* expanded) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t first = channelBlock * plan.channels, channels = least(plan.channels, g.inputs - first);
  const int64_t depth = g.inputs * g.taps;
  dx += ((image * g.group + group) * g.inputs + first) * g.xPlane;
  dy += (image * g.group + group) * g.outputs * g.yPlane;
  w += group * g.outputs * depth + first * g.taps;
  clear(dx, channels * g.xPlane);
  for (int64_t row = 0, rowBlock = 0; row < g.y[2]; row += plan.rows, rowBlock++) {
    clear(expanded, plan.expanded);
    splitPixels<T>(least(plan.rows, g.y[2] - row) * g.inner, [&](int64_t pixel, int vectors, int tail) {
      split(channels * g.taps, maxColumns, [&](int64_t k, int columns) {
        multiply<T>({dy + row * g.inner + pixel, plan.planeAt, g.outputs, w + k, depth, 1, expanded + pixel, plan.at + k,
                     static_cast<T>(g.alpha), true, tail},
                    vectors, columns);
      });
    });
    fold(plan, expanded, channels, rowBlock, dx);
  }
}

template <class T>
void gradientW(const ConvolutionPlan& plan, const T* x, const T* dy, T* dw, int64_t firstImage, int64_t lastImage, int64_t group,
               int64_t channelBlock, T* expanded) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t first = channelBlock * plan.channels, channels = least(plan.channels, g.inputs - first);
  const int64_t depth = g.inputs * g.taps;
  const int64_t xImage = g.group * g.inputs * g.xPlane, yImage = g.group * g.outputs * g.yPlane;
  x += (group * g.inputs + first) * g.xPlane;
  dy += group * g.outputs * g.yPlane;
  dw += group * g.outputs * depth + first * g.taps;
  for (int64_t o = 0; o < g.outputs; o++) clear(dw + o * depth, channels * g.taps);
  split(lastImage - firstImage, plan.images, [&](int64_t firstOfBlock, int images) {
    const int64_t image = firstImage + firstOfBlock;
    // While a block of images is worked on, dy of the next ones comes from far away.
    const T *ahead = dy + (image + images) * yImage, *const end = ahead + images * yImage;
    for (int64_t row = 0, rowBlock = 0; row < g.y[2]; row += plan.rows, rowBlock++) {
      const int64_t pixels = least(plan.rows, g.y[2] - row) * g.inner;
      for (int64_t i = 0; i < images; i++) expand(plan, x + (image + i) * xImage, channels, rowBlock, plan.images * plan.slab, expanded + i * plan.slab);
      split(g.outputs, maxRight, [&](int64_t output, int columns) {
        split(channels * g.taps, maxLeft, [&](int64_t k, int rows) {
          if (ahead >= end) ahead = end - images * yImage;
          accumulate<T>({expanded, plan.at + k, plan.slab, dy + image * yImage + output * g.yPlane + row * g.inner,
                         g.yPlane, yImage, images, pixels, dw + k + output * depth, depth, ahead},
                        rows, columns);
          ahead += images * pixels;
        });
      });
    }
  });
}

template <class T>
void combine(const ConvolutionPlan& plan, T* parts, int64_t first, int64_t last, T* dw) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t row = g.inputs * g.taps, weights = row * g.outputs * g.group;
  const T alpha = static_cast<T>(g.alpha);
  for (T *sum = parts + first * row, *target = dw + first * row; sum < parts + last * row; sum += row, target += row) {
    for (int64_t j = 1; j < plan.chunks; j++)
      for (int64_t i = 0; i < row; i++) sum[i] += sum[i + j * weights];
    for (int64_t i = 0; i < row; i += g.taps)
      for (int64_t t = 0; t < g.taps; t++) target[i + t] = alpha * sum[i + plan.partAt[t]];
  }
}

}  // namespace

ConvolutionPieces<float> float32Convolution() { return {forward<float>, gradientX<float>, gradientW<float>, combine<float>}; }
ConvolutionPieces<double> float64Convolution() { return {forward<double>, gradientX<double>, gradientW<double>, combine<double>}; }

}  // namespace knet::KNET_ISA
