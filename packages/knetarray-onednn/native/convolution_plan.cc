#include "convolution_plan.h"

#include <algorithm>

#include "ceil_divide.h"

namespace knet {
namespace {

// What the caches hold, in bytes: a tile's share of an expanded block stays in the first level, the block in the second.
constexpr int64_t nearBytes = 24 << 10, farBytes = 512 << 10;

// Partial sums of gradientW take at most so many bytes, or else there are none.
constexpr int64_t partBytes = 1 << 20;

// Pixels and channels of y of a tile, about.
constexpr int64_t tilePixels = 64, tileChannels = 6;

// Pieces that keep the threads of any likely machine busy to the end, where there are few images.
constexpr int64_t enoughPieces = 8;

// The place of a row that lies outside of x, whatever is added to it.
constexpr int64_t nowhere = -(int64_t{1} << 60);

// Offset in x of a filter position of the outermost dimension.
int64_t outerOffset(const ConvolutionGeometry& g, int64_t tap) { return (g.flip ? g.w[2] - 1 - tap : tap) * g.dilation[2]; }

// Calls phase(remainder, rows of the expanded image with it) for the remainders of rows of x by the stride that some filter
// position meets. With rows sorted by remainder, neighbouring rows of y meet neighbouring rows of the expanded image.
template <class F>
void eachPhase(const ConvolutionGeometry& g, int64_t rows, F&& phase) {
  const int64_t stride = g.stride[2];
  for (int64_t remainder = 0; remainder < stride; remainder++) {
    int64_t count = 0;
    for (int64_t tap = 0; tap < g.w[2]; tap++) {
      const int64_t offset = outerOffset(g, tap);
      if (offset % stride == remainder) count = std::max(count, offset / stride + rows);
    }
    if (count > 0) phase(remainder, count);
  }
}

int64_t countSlots(const ConvolutionGeometry& g, int64_t rows) {
  int64_t slots = 0;
  eachPhase(g, rows, [&](int64_t, int64_t count) { slots += count; });
  return slots;
}

// The row of x in each row of the expanded image, and the row there that each filter position meets first.
void fillSlots(const ConvolutionGeometry& g, int64_t rows, ConvolutionTables& tables) {
  const int64_t stride = g.stride[2];
  tables.slots.clear();
  tables.first.assign(static_cast<size_t>(g.w[2]), 0);
  eachPhase(g, rows, [&](int64_t remainder, int64_t count) {
    for (int64_t tap = 0; tap < g.w[2]; tap++) {
      const int64_t offset = outerOffset(g, tap);
      if (offset % stride == remainder)
        tables.first[static_cast<size_t>(tap)] = static_cast<int64_t>(tables.slots.size()) + offset / stride;
    }
    for (int64_t i = 0; i < count; i++) tables.slots.push_back(i * stride + remainder - g.padding[2]);
  });
}

void fillLines(const ConvolutionGeometry& g, ConvolutionTables& tables) {
  tables.lineAt.clear();
  for (int64_t tap = 0; tap < g.w[1]; tap++) {
    const int64_t start = (g.flip ? g.w[1] - 1 - tap : tap) * g.dilation[1] - g.padding[1];
    for (const int64_t row : tables.slots) {
      for (int64_t y1 = 0; y1 < g.y[1]; y1++) {
        const int64_t x1 = y1 * g.stride[1] + start;
        tables.lineAt.push_back(x1 >= 0 && x1 < g.x[1] ? (row * g.x[1] + x1) * g.x[0] : nowhere);
      }
    }
  }
}

// Offsets of filter positions; `step` is the distance between expanded images of neighbouring inner ones.
void fillOffsets(ConvolutionKind kind, const ConvolutionGeometry& g, int64_t channels, int64_t step, ConvolutionTables& tables) {
  const int64_t inner = g.w[0] * g.w[1], outer = g.w[2];
  tables.at.clear();
  tables.partAt.clear();
  auto add = [&](int64_t c, int64_t t, int64_t t2) {
    tables.at.push_back(static_cast<int32_t>((c * inner + t) * step + tables.first[static_cast<size_t>(t2)] * g.inner));
  };
  for (int64_t c = 0; c < channels; c++) {
    // Neighbours in the order of gradientW read the same rows.
    if (kind == ConvolutionKind::gradientW) {
      for (int64_t t = 0; t < inner; t++)
        for (int64_t t2 = 0; t2 < outer; t2++) add(c, t, t2);
    } else {
      for (int64_t t2 = 0; t2 < outer; t2++)
        for (int64_t t = 0; t < inner; t++) add(c, t, t2);
    }
  }
  for (int64_t t2 = 0; t2 < outer; t2++)
    for (int64_t t = 0; t < inner; t++) tables.partAt.push_back(static_cast<int32_t>(t * outer + t2));
  tables.planeAt.clear();
  for (int64_t o = 0; o < g.outputs; o++) tables.planeAt.push_back(static_cast<int32_t>(o * g.yPlane));
}

}  // namespace

ConvolutionPlan planConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, int64_t bytes, ConvolutionTables& tables) {
  ConvolutionPlan plan;
  plan.geometry = g;
  const int64_t innerTaps = g.w[0] * g.w[1], weightBytes = g.taps * g.inputs * g.outputs * g.group * bytes;
  const bool large = g.multiplications > enoughPieces * convolutionTaskWork;
  auto channelBytes = [&](int64_t rows) { return countSlots(g, rows) * g.inner * innerTaps * bytes; };
  plan.rows = g.y[2];
  while (plan.rows > 1 && channelBytes(plan.rows) > farBytes / 4) plan.rows = ceilDivide(plan.rows, 2);
  if (kind == ConvolutionKind::forward && large) {
    const int64_t images = g.batch * g.group;
    while (plan.rows > 1 && images * ceilDivide(g.y[2], plan.rows) < enoughPieces && plan.rows * g.inner > 2 * tilePixels)
      plan.rows = ceilDivide(plan.rows, 2);
  }
  const int64_t perChannel = channelBytes(plan.rows), perTile = std::min(perChannel, g.taps * tilePixels * bytes);
  plan.channels = std::clamp<int64_t>(std::min(nearBytes / perTile, farBytes / perChannel), 1, g.inputs);
  // Parts of the batch with sums of their own cost a little each: their memory, and sums along vectors in each of them.
  const int64_t wantedChunks = ceilDivide(enoughPieces, g.group * ceilDivide(g.inputs, plan.channels));
  const int64_t mostChunks = std::min({g.batch, partBytes / weightBytes, g.batch * g.yPlane / 1024});
  plan.chunks = std::max<int64_t>(1, std::min(wantedChunks, mostChunks));
  if (kind != ConvolutionKind::forward && large) {
    const int64_t others = g.group * (kind == ConvolutionKind::gradientX ? g.batch : plan.chunks);
    if (others * ceilDivide(g.inputs, plan.channels) < enoughPieces) plan.channels = std::max<int64_t>(1, g.inputs * others / enoughPieces);
  }
  plan.channels = ceilDivide(g.inputs, ceilDivide(g.inputs, plan.channels));

  fillSlots(g, plan.rows, tables);
  fillLines(g, tables);
  plan.slots = static_cast<int64_t>(tables.slots.size());
  plan.slab = plan.slots * g.inner;
  plan.expanded = plan.channels * innerTaps * plan.slab;
  // In gradientW some channels of dy of a block of images stay in the first level. The expanded images of a block lie side by
  // side, so that those of one filter position are in one place.
  const int64_t dyBytes = tileChannels * plan.rows * g.inner * bytes;
  plan.images = std::clamp<int64_t>(std::min(farBytes / (plan.expanded * bytes), nearBytes / dyBytes), 1, 64);
  fillOffsets(kind, g, plan.channels, plan.slab * (kind == ConvolutionKind::gradientW ? plan.images : 1), tables);
  plan.lineAt = tables.lineAt.data();
  plan.at = tables.at.data();
  plan.partAt = tables.partAt.data();
  plan.planeAt = tables.planeAt.data();
  return plan;
}

}  // namespace knet
