// The memory of a block of images in Winograd's filtering, and how planes of tensors come into it and out of it.
#pragma once

#include "convolution_parts.h"
#include "winograd_transforms.h"

#ifdef __AVX512F__

namespace knet::KNET_ISA {
namespace {

// Copies rows between a plane and one in shape, whose rows are longer, or begin elsewhere.
struct Rows {
  int64_t rows, length;  // of the plane
  int64_t line, lines;   // length of rows and rows in shape
  int64_t left, top;     // where the plane begins in there

  bool same() const { return length == line && rows == lines && left == 0 && top == 0; }

  // The plane in shape, zero around it: itself, or `memory`.
  const float* read(const float* plane, float* memory) const {
    if (same()) return plane;
    clear(memory, lines * line);
    for (int64_t r = 0; r < rows; r++) copy(plane + r * length, memory + (r + top) * line + left, length);
    return memory;
  }

  // Has a plane written in shape, and puts it in its place.
  template <class F>
  void write(float* plane, float* memory, F&& writeShaped) const {
    if (same()) return writeShaped(plane);
    writeShaped(memory);
    for (int64_t r = 0; r < rows; r++) copy(memory + (r + top) * line + left, plane + r * length, length);
  }

 private:
  static void copy(const float* from, float* to, int64_t count) {
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
  }
};

Rows rowsOfX(const WinogradPlan& plan) {
  const ConvolutionGeometry& g = plan.geometry;
  return {g.x[2], g.x[0], plan.line, plan.rows, g.padding[0], g.padding[2]};
}
Rows rowsOfY(const WinogradPlan& plan) {
  const ConvolutionGeometry& g = plan.geometry;
  return {g.y[2], g.y[0], plan.tiles * winogradTile, g.y[2], 0, 0};
}

// Numbers at the points for images of x, then for images of y, then a plane in shape.
struct Block {
  const WinogradPlan& plan;
  int64_t images;
  int64_t seenPoint, seenImage;    // from point to point and from image to image of x
  int64_t planePoint, planeImage;  // the same of y
  float *seen, *planes, *shape;

  Block(const WinogradPlan& p, int64_t count, float* memory)
      : plan(p),
        images(count),
        seenPoint(p.geometry.inputs * p.seen),
        seenImage(p.points * seenPoint),
        planePoint(p.geometry.outputs * p.vectors * winogradLanes),
        planeImage(p.points * planePoint),
        seen(memory),
        planes(memory + (count * seenImage + 31) / 16 * 16),
        shape(planes + count * planeImage + 16) {}

  float* seenOf(int64_t image, int64_t channel) const { return seen + image * seenImage + channel * plan.seen; }
  float* planeOf(int64_t image, int64_t channel) const { return planes + image * planeImage + plan.planeAt[channel]; }
};

// Calls plane(its first element, image, channel) for every plane of a group's channels of a tensor.
template <class T, class F>
void eachPlane(const Block& block, T* tensor, int64_t channels, int64_t size, F&& plane) {
  for (int64_t image = 0; image < block.images; image++)
    for (int64_t c = 0; c < channels; c++) plane(tensor + (image * block.plan.geometry.group * channels + c) * size, image, c);
}

template <int taps>
void readX(const Block& block, const float* x) {
  const ConvolutionGeometry& g = block.plan.geometry;
  const Rows rows = rowsOfX(block.plan);
  eachPlane(block, x, g.inputs, g.xPlane, [&](const float* plane, int64_t image, int64_t c) {
    tilesOfX<taps>(block.plan, rows.read(plane, block.shape), block.seenOf(image, c), block.seenPoint);
  });
}

template <int taps>
void writeX(const Block& block, float* dx) {
  const ConvolutionGeometry& g = block.plan.geometry;
  const Rows rows = rowsOfX(block.plan);
  eachPlane(block, dx, g.inputs, g.xPlane, [&](float* plane, int64_t image, int64_t c) {
    rows.write(plane, block.shape, [&](float* shaped) { pixelsOfX<taps>(block.plan, block.seenOf(image, c), block.seenPoint, shaped); });
  });
}

template <int taps>
void readY(const Block& block, const float* dy) {
  const ConvolutionGeometry& g = block.plan.geometry;
  const Rows rows = rowsOfY(block.plan);
  eachPlane(block, dy, g.outputs, g.yPlane, [&](const float* plane, int64_t image, int64_t o) {
    tilesOfY<taps>(block.plan, rows.read(plane, block.shape), block.planeOf(image, o), block.planePoint);
  });
}

template <int taps>
void writeY(const Block& block, float* y) {
  const ConvolutionGeometry& g = block.plan.geometry;
  const Rows rows = rowsOfY(block.plan);
  eachPlane(block, y, g.outputs, g.yPlane, [&](float* plane, int64_t image, int64_t o) {
    rows.write(plane, block.shape, [&](float* shaped) { pixelsOfY<taps>(block.plan, block.planeOf(image, o), block.planePoint, shaped); });
  });
}

}  // namespace
}  // namespace knet::KNET_ISA

#endif
