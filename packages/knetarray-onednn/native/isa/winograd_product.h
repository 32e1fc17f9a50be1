// The matrix products of Winograd's filtering, one for each point; see native/winograd.h.
#pragma once

#include "convolution_tiles.h"
#include "winograd_planes.h"

#ifdef __AVX512F__

namespace knet::KNET_ISA {
namespace {

// c[cVector[i] + cAt[j] + lanes] (+)= sum over k < depth of a[aVector[i] + aAt[k] + lanes] * b[k * bStep + j].
struct Tile {
  const float* a;
  const int32_t* aAt;
  int64_t depth;
  const float* b;
  int64_t bStep;
  float* c;
  const int32_t* cAt;
  bool add;
  int64_t aVector[maxVectors], cVector[maxVectors];
};

template <int vectors, int columns>
void multiply(const Tile& t) {
  int64_t apart[vectors];
#pragma GCC unroll 4
  for (int i = 0; i < vectors; i++) apart[i] = t.aVector[i] - t.aVector[0];
  __m512 sums[vectors][columns];
  sumProducts<vectors, columns>(
      t.a + t.aVector[0], t.aAt, t.depth, t.b, t.bStep, [=](const float* p, int i) { return _mm512_loadu_ps(p + apart[i]); },
      [](const float* b, int j) { return b[j]; }, sums);
#pragma GCC unroll 8
  for (int j = 0; j < columns; j++) {
    float* const c = t.c + t.cAt[j];
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++) {
      float* const to = c + t.cVector[i];
      _mm512_storeu_ps(to, t.add ? sums[i][j] + _mm512_loadu_ps(to) : sums[i][j]);
    }
  }
}

// All vectors of a block, `columns` columns of the filters at each point. The steps lie from image to image and from point to point.
void multiplyPoints(const Block& block, Tile tile, int64_t columns, int64_t aImage, int64_t aPoint, int64_t cImage, int64_t cPoint) {
  const WinogradPlan& plan = block.plan;
  const int32_t* const cAt = tile.cAt;
  const float* b = tile.b;
  for (int64_t u = 0; u < plan.points; u++, tile.a += aPoint, b += tile.depth * columns, tile.c += cPoint) {
    split(block.images * plan.vectors, maxVectors, [&](int64_t vector, int vectors) {
      for (int i = 0; i < vectors; i++) {
        const int64_t image = (vector + i) / plan.vectors, place = (vector + i) % plan.vectors * winogradLanes;
        tile.aVector[i] = image * aImage + place;
        tile.cVector[i] = image * cImage + place;
      }
      split(columns, maxColumns, [&](int64_t column, int count) {
        tile.b = b + column;
        tile.cAt = cAt + column;
        withConstant<maxVectors>(vectors, [&](auto v) { withConstant<maxColumns>(count, [&](auto c) { multiply<v, c>(tile); }); });
      });
    });
  }
}

}  // namespace
}  // namespace knet::KNET_ISA

#endif
