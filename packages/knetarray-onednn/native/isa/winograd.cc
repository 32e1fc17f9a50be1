#include "../winograd.h"

#include "winograd_planes.h"
#include "winograd_product.h"

namespace knet::KNET_ISA {

#ifdef __AVX512F__

namespace {

// Filters lie at each point as [depth][outputs], for gradientX as [outputs][depth]: columns of a product one after the other.
template <int taps>
void filters(const WinogradPlan& plan, ConvolutionKind kind, const float* w, float* to, int64_t first, int64_t last) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t step = plan.depth * g.outputs, outer = g.w[2];
  const float alpha = static_cast<float>(g.alpha);
  if (kind == ConvolutionKind::forward) {
    for (int64_t k = first; k < last; k++)
      for (int64_t o = 0; o < g.outputs; o += winogradLanes)
        pointsOfFilters<taps>(w + (o * plan.depth + k) * taps, plan.depth * taps, least(winogradLanes, g.outputs - o), g.flip, alpha,
                              to + k * g.outputs + o, step);
    return;
  }
  for (int64_t o = first; o < last; o++)
    for (int64_t tap = 0; tap < outer; tap++)
      for (int64_t c = 0; c < g.inputs; c += winogradLanes)
        pointsOfFilters<taps>(w + ((o * g.inputs + c) * outer + tap) * taps, outer * taps, least(winogradLanes, g.inputs - c), g.flip, alpha,
                              to + o * plan.depth + tap * g.inputs + c, step);
}

template <int taps>
void forward(const WinogradPlan& plan, const float* filters, const float* x, float* y, int64_t images, float* memory) {
  const int64_t outputs = plan.geometry.outputs;
  const Block block(plan, images, memory);
  readX<taps>(block, x);
  const Tile tile{block.seen, plan.at, plan.depth, filters, outputs, block.planes, plan.planeAt, false, {}, {}};
  multiplyPoints(block, tile, outputs, block.seenImage, block.seenPoint, block.planeImage, block.planePoint);
  writeY<taps>(block, y);
}

template <int taps>
void gradientX(const WinogradPlan& plan, const float* filters, const float* dy, float* dx, int64_t images, float* memory) {
  const int64_t outputs = plan.geometry.outputs, depth = plan.depth;
  const Block block(plan, images, memory);
  readY<taps>(block, dy);
  // The last vector of an image reaches over its last tile.
  clear(block.seen, images * block.seenImage + winogradLanes);
  const Tile tile{block.planes, plan.planeAt, outputs, filters, depth, block.seen, plan.at, true, {}, {}};
  multiplyPoints(block, tile, depth, block.planeImage, block.planePoint, block.seenImage, block.seenPoint);
  writeX<taps>(block, dx);
}

template <int taps>
void gradientW(const WinogradPlan& plan, const float* x, const float* dy, float* part, int64_t images, float* memory) {
  const int64_t outputs = plan.geometry.outputs;
  const Block block(plan, images, memory);
  readX<taps>(block, x);
  readY<taps>(block, dy);
  for (int64_t u = 0; u < plan.points; u++, part += outputs * plan.depth) {
    const float *const seen = block.seen + u * block.seenPoint, *const planes = block.planes + u * block.planePoint;
    split(outputs, maxRight, [&](int64_t o, int columns) {
      split(plan.depth, maxLeft, [&](int64_t k, int rows) {
        accumulate<float>({seen, plan.at + k, block.seenImage, planes + plan.planeAt[o], plan.vectors * winogradLanes, block.planeImage, images,
                           plan.pixels, part + o * plan.depth + k, plan.depth, planes},
                          rows, columns);
      });
    });
  }
}

template <int taps>
void combine(const WinogradPlan& plan, const float* parts, int64_t step, int64_t first, int64_t last, float* dw) {
  using W = Winograd<taps>;
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t size = g.outputs * plan.depth;
  const __m512 alpha = _mm512_set1_ps(static_cast<float>(g.alpha));
  for (int64_t at = first * plan.depth; at < last * plan.depth; at += winogradLanes) {
    const int64_t count = least(winogradLanes, last * plan.depth - at);
    const __mmask16 mask = firstOf(count);
    __m512 sums[W::points];
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++) sums[u] = _mm512_maskz_loadu_ps(mask, parts + u * size + at);
    for (int64_t chunk = 1; chunk < plan.chunks; chunk++) {
#pragma GCC unroll 8
      for (int u = 0; u < W::points; u++) sums[u] += _mm512_maskz_loadu_ps(mask, parts + chunk * step + u * size + at);
    }
    float elements[taps][winogradLanes];
#pragma GCC unroll 8
    for (int t = 0; t < taps; t++) {
      _mm512_storeu_ps(elements[g.flip ? taps - 1 - t : t], _mm512_mul_ps(alpha, timesColumn(W::filter, t, sums)));
    }
    float* const to = dw + at * taps;
    for (int64_t i = 0; i < count; i++)
      for (int t = 0; t < taps; t++) to[i * taps + t] = elements[t][i];
  }
}

template <int taps>
constexpr WinogradPieces pieces = {filters<taps>, forward<taps>, gradientX<taps>, gradientW<taps>, combine<taps>};

}  // namespace

const WinogradPieces* winogradPieces(int64_t taps) { return taps == 5 ? &pieces<5> : taps == 3 ? &pieces<3> : nullptr; }

#else

const WinogradPieces* winogradPieces(int64_t) { return nullptr; }

#endif

}  // namespace knet::KNET_ISA
