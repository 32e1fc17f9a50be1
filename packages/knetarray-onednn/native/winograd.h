// Convolution over planes with fewer multiplications, after S. Winograd, "Arithmetic complexity of computations" (1980), and
// A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks" (2015).
//
// Four neighbouring pixels of a row of y and a row of the filter are two polynomials, and what convolution computes of them is
// known from their values at a few points: 8 products in place of 20 for rows of five elements, 6 in place of 12 for rows of
// three. So a row of y is cut into tiles of four pixels, each of which sees taps + 3 pixels of x, and with the matrices input,
// output and filter (their transposes for the gradients) of isa/winograd_points.h
//   y = transpose(output) ((filter w) * (input x))    for every tile, row of the filter and channel
// where * multiplies point by point. Sums over channels and rows of the filter are taken before the outer matrix, so that for
// every point there is one matrix product; its vectors run along the tiles of a plane. Elements of the first dimension alone are
// treated like this: with both dimensions rounding errors would grow too much, as they are they are about three times those of
// sums in order. A number that is infinite or not a number spoils the tiles that see it, of which a pixel may lie beside it.
#pragma once

#include <vector>

#include "convolution.h"

namespace knet {

// Pixels of a tile of y.
inline constexpr int64_t winogradTile = 4;

// Tiles of a vector.
inline constexpr int64_t winogradLanes = 16;

struct WinogradPlan {
  ConvolutionGeometry geometry;
  int64_t points;   // of evaluation: filter row + 3
  int64_t tiles;    // of a row of y
  int64_t rows;     // of x and its padding, as y sees them
  int64_t seen;     // tiles of these rows
  int64_t pixels;   // tiles of a plane of y
  int64_t vectors;  // that hold them
  int64_t depth;    // channels of x times rows of the filter
  int64_t images;   // images in a block
  int64_t chunks;   // parts of the batch with sums of their own in gradientW
  // Rows of x lie so many elements apart once they are brought into shape: a group of four for each tile, and one more.
  int64_t line;
  // For each 16 groups of a plane, which of them begin a tile: not the last of a row.
  const uint16_t* begins;
  const int32_t* at;       // offset of each channel and row of the filter into the tiles of x
  const int32_t* planeAt;  // offset of each channel of y
};

// The memory behind a plan's tables; a thread keeps it from call to call.
struct WinogradTables {
  std::vector<uint16_t> begins;
  std::vector<int32_t> at, planeAt;
};

// Pieces of the kernels. Pointers are those of the first image of a block, and of a group within it.
struct WinogradPieces {
  // The numbers first .. last - 1 (of channels of y for gradientX, else of plan.depth) of the filters of a group at all points.
  void (*filters)(const WinogradPlan& plan, ConvolutionKind kind, const float* w, float* filters, int64_t first, int64_t last);
  // Computes some images of y or dx.
  void (*forward)(const WinogradPlan& plan, const float* filters, const float* x, float* y, int64_t images, float* memory);
  void (*gradientX)(const WinogradPlan& plan, const float* filters, const float* dy, float* dx, int64_t images, float* memory);
  // Adds some images to the gradient of the filters at all points.
  void (*gradientW)(const WinogradPlan& plan, const float* x, const float* dy, float* part, int64_t images, float* memory);
  // The filters first .. last - 1 of dw: alpha times the sum of plan.chunks parts, which lie `step` apart.
  void (*combine)(const WinogradPlan& plan, const float* parts, int64_t step, int64_t first, int64_t last, float* dw);
};

namespace avx2 {
// None: tiles are gathered by instructions that AVX2 lacks.
const WinogradPieces* winogradPieces(int64_t taps);
}  // namespace avx2
namespace avx512 {
const WinogradPieces* winogradPieces(int64_t taps);
}  // namespace avx512

// Whether this way of computing a convolution is possible, and faster.
bool suitsWinograd(const ConvolutionGeometry& g);

// Computes it.
void winogradConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output);

}  // namespace knet
