#include "winograd.h"

#include <algorithm>

#include "ceil_divide.h"
#include "growing_memory.h"
#include "guarded.h"
#include "isa.h"

namespace knet {
namespace {

// Multiplications for which the transforms pay.
constexpr double leastWork = 4e6;

// What the second cache holds of a block, in bytes; in gradientW sums along vectors are worth more images.
constexpr int64_t blockBytes = 256 << 10, gradientBytes = 1280 << 10;

// Filters at all points, of which every part of the batch has sums of its own in gradientW.
constexpr int64_t mostFilterBytes = 2 << 20;

// Parts of the batch in gradientW.
constexpr int64_t usualChunks = 4, mostChunks = 8;

// Numbers at all points that an image has of x, and of y.
int64_t seenOf(const WinogradPlan& p) { return p.points * p.geometry.inputs * p.seen; }
int64_t planesOf(const WinogradPlan& p) { return p.points * p.geometry.outputs * p.vectors * winogradLanes; }
int64_t imageBytes(const WinogradPlan& p) { return (seenOf(p) + planesOf(p)) * int64_t{sizeof(float)}; }

// Two planes in shape beside them, and room for vectors that end behind the last number.
size_t blockElements(const WinogradPlan& p) {
  return static_cast<size_t>(p.images * (seenOf(p) + planesOf(p)) + p.rows * p.line + p.geometry.y[2] * p.tiles * winogradTile + 8 * winogradLanes);
}

// What the geometry alone decides.
WinogradPlan sizesOf(const ConvolutionGeometry& g) {
  WinogradPlan p{};
  p.geometry = g;
  p.points = g.w[0] + winogradTile - 1;
  p.tiles = ceilDivide(g.y[0], winogradTile);
  p.rows = g.y[2] + g.w[2] - 1;
  p.seen = p.rows * p.tiles;
  p.pixels = g.y[2] * p.tiles;
  p.vectors = ceilDivide(p.pixels, winogradLanes);
  p.depth = g.inputs * g.w[2];
  p.line = winogradTile * (p.tiles + 1);
  return p;
}

WinogradPlan planOf(ConvolutionKind kind, const ConvolutionGeometry& g, WinogradTables& tables) {
  WinogradPlan p = sizesOf(g);
  const int64_t most = kind == ConvolutionKind::gradientW ? gradientBytes : blockBytes;
  p.images = std::clamp<int64_t>(most / imageBytes(p), 1, g.batch);
  if (kind == ConvolutionKind::gradientW) {
    p.chunks = std::min(g.batch, std::clamp(g.batch / p.images, usualChunks, mostChunks));
    p.images = std::min(p.images, ceilDivide(g.batch, p.chunks));
  } else if (p.images > 4) {
    // Products take four vectors at a time.
    p.images = p.images / 4 * 4;
  }

  tables.begins.assign(static_cast<size_t>(ceilDivide(p.rows * (p.tiles + 1), winogradLanes)), 0);
  for (int64_t q = 0; q < p.rows * (p.tiles + 1); q++) {
    if (q % (p.tiles + 1) < p.tiles) tables.begins[static_cast<size_t>(q / winogradLanes)] |= static_cast<uint16_t>(1u << q % winogradLanes);
  }
  tables.at.assign(static_cast<size_t>(p.depth), 0);
  for (int64_t c = 0; c < g.inputs; c++) {
    for (int64_t tap = 0; tap < g.w[2]; tap++) {
      // Neighbours write to different planes in gradientX, and read the same one else.
      const int64_t k = kind == ConvolutionKind::gradientX ? tap * g.inputs + c : c * g.w[2] + tap;
      tables.at[static_cast<size_t>(k)] = static_cast<int32_t>(c * p.seen + (g.flip ? g.w[2] - 1 - tap : tap) * p.tiles);
    }
  }
  tables.planeAt.assign(static_cast<size_t>(g.outputs), 0);
  for (int64_t o = 0; o < g.outputs; o++) tables.planeAt[static_cast<size_t>(o)] = static_cast<int32_t>(o * p.vectors * winogradLanes);
  p.begins = tables.begins.data();
  p.at = tables.at.data();
  p.planeAt = tables.planeAt.data();
  return p;
}

float* blockMemory(size_t count) {
  static thread_local GrowingMemory memory;
  return memory.get<float>(count);
}
float* callMemory(int64_t count) {
  static thread_local GrowingMemory memory;
  return memory.get<float>(static_cast<size_t>(count));
}

const WinogradPieces* piecesOf(const ConvolutionGeometry& g) { return KNET_DISPATCH(winogradPieces(g.w[0])); }

void images(const WinogradPlan& p, const WinogradPieces& pieces, ConvolutionKind kind, const float* w, const float* b, float* output) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t size = p.points * p.depth * g.outputs, filters = p.depth * g.outputs * g.w[0];
  const bool isForward = kind == ConvolutionKind::forward;
  float* const memory = callMemory(size * g.group + winogradLanes);
  const int64_t count = isForward ? p.depth : g.outputs, ranges = std::clamp<int64_t>(size >> 13, 1, std::min<int64_t>(count, 16));
  parallelFor(g.group * ranges, [&](int64_t i) {
    const int64_t group = i / ranges, range = i % ranges;
    pieces.filters(p, kind, w + group * filters, memory + group * size, count * range / ranges, count * (range + 1) / ranges);
  });
  const int64_t blocks = ceilDivide(g.batch, p.images);
  const int64_t from = isForward ? g.inputs * g.xPlane : g.outputs * g.yPlane, to = isForward ? g.outputs * g.yPlane : g.inputs * g.xPlane;
  parallelForGuarded(blocks * g.group, [&](int64_t i) {
    const int64_t image = i / g.group * p.images, group = i % g.group, at = image * g.group + group;
    const auto piece = isForward ? pieces.forward : pieces.gradientX;
    piece(p, memory + group * size, b + at * from, output + at * to, std::min(p.images, g.batch - image), blockMemory(blockElements(p)));
  });
}

void gradientOfFilters(const WinogradPlan& p, const WinogradPieces& pieces, const float* x, const float* dy, float* dw) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t size = p.points * p.depth * g.outputs, step = size * g.group;
  float* const parts = callMemory(step * p.chunks + winogradLanes);
  parallelForGuarded(p.chunks * g.group, [&](int64_t i) {
    const int64_t chunk = i / g.group, group = i % g.group, last = g.batch * (chunk + 1) / p.chunks;
    float* const part = parts + chunk * step + group * size;
    std::fill(part, part + size, 0.0f);
    float* const memory = blockMemory(blockElements(p));
    for (int64_t image = g.batch * chunk / p.chunks; image < last; image += p.images) {
      const int64_t at = image * g.group + group;
      pieces.gradientW(p, x + at * g.inputs * g.xPlane, dy + at * g.outputs * g.yPlane, part, std::min(p.images, last - image), memory);
    }
  });
  const int64_t ranges = std::clamp<int64_t>(size * p.chunks >> 15, 1, g.outputs);
  parallelFor(g.group * ranges, [&](int64_t i) {
    const int64_t group = i / ranges, range = i % ranges;
    pieces.combine(p, parts + group * size, step, g.outputs * range / ranges, g.outputs * (range + 1) / ranges,
                   dw + group * p.depth * g.outputs * g.w[0]);
  });
}

}  // namespace

bool suitsWinograd(const ConvolutionGeometry& g) {
  const bool plane = g.x[1] == 1 && g.w[1] == 1 && g.y[1] == 1 && g.padding[1] == 0;
  const bool steps = g.stride[0] == 1 && g.stride[2] == 1 && g.dilation[0] == 1 && g.dilation[2] == 1;
  if (!plane || !steps || g.multiplications < leastWork || piecesOf(g) == nullptr) return false;
  // Few products for each transform, or planes or filters that leave the caches.
  const WinogradPlan p = sizesOf(g);
  if (p.depth < 32 || g.outputs < 16) return false;
  if (p.points * p.depth * g.outputs * int64_t{sizeof(float)} > mostFilterBytes) return false;
  if (imageBytes(p) > gradientBytes / 2) return false;
  // Vectors that are not full may take what is won.
  return 3 * p.points * p.vectors * winogradLanes <= 2 * g.w[0] * g.yPlane;
}

void winogradConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output) {
  static thread_local WinogradTables tables;
  const WinogradPlan plan = planOf(kind, g, tables);
  const WinogradPieces& pieces = *piecesOf(g);
  if (kind == ConvolutionKind::gradientW) return gradientOfFilters(plan, pieces, a, b, output);
  images(plan, pieces, kind, a, b, output);
}

}  // namespace knet
