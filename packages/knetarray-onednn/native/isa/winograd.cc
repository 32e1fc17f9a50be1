#include "../winograd.h"

#include "convolution_tiles.h"
#include "winograd_transforms.h"

namespace knet::KNET_ISA {

#ifdef __AVX512F__

namespace {

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Copies rows between a plane and one in shape, whose rows are longer, or begin elsewhere.
struct Rows {
  int64_t rows, length;    // of the plane
  int64_t line, lines;     // length of rows and rows in shape
  int64_t left, top;       // where the plane begins in there

  bool same() const { return length == line && rows == lines && left == 0 && top == 0; }

  // The plane in shape, zero around it: itself, or `memory`.
  const float* shaped(const float* plane, float* memory) const {
    if (same()) return plane;
    for (int64_t i = 0; i < lines * line; i++) memory[i] = 0;
    for (int64_t r = 0; r < rows; r++) copy(plane + r * length, memory + (r + top) * line + left, length);
    return memory;
  }
  // Where a plane in shape is written, before it is put in its place.
  float* target(float* plane, float* memory) const { return same() ? plane : memory; }
  void put(const float* shaped, float* plane) const {
    if (same()) return;
    for (int64_t r = 0; r < rows; r++) copy(shaped + (r + top) * line + left, plane + r * length, length);
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

// The memory of a block: numbers at the points for images of x, then for images of y, then a plane in shape.
struct Block {
  int64_t seenStep, seenImage;    // from point to point and from image to image of x
  int64_t planeStep, planeImage;  // the same of y
  float *seen, *planes, *shape;

  Block(const WinogradPlan& plan, int64_t images, float* memory)
      : seenStep(plan.geometry.inputs * plan.seen),
        seenImage(plan.points * seenStep),
        planeStep(plan.geometry.outputs * plan.vectors * tileLanes),
        planeImage(plan.points * planeStep),
        seen(memory),
        planes(memory + (images * seenImage + 31) / 16 * 16),
        shape(planes + images * planeImage + 16) {}
};

template <int taps>
void readX(const WinogradPlan& plan, const Block& block, const float* x, int64_t images) {
  const ConvolutionGeometry& g = plan.geometry;
  const Rows rows = rowsOfX(plan);
  for (int64_t i = 0; i < images; i++, x += g.group * g.inputs * g.xPlane) {
    for (int64_t c = 0; c < g.inputs; c++)
      tilesOfX<taps>(plan, rows.shaped(x + c * g.xPlane, block.shape), block.seen + i * block.seenImage + c * plan.seen, block.seenStep);
  }
}

template <int taps>
void readY(const WinogradPlan& plan, const Block& block, const float* y, int64_t images) {
  const ConvolutionGeometry& g = plan.geometry;
  const Rows rows = rowsOfY(plan);
  for (int64_t i = 0; i < images; i++, y += g.group * g.outputs * g.yPlane) {
    for (int64_t o = 0; o < g.outputs; o++)
      tilesOfY<taps>(plan, rows.shaped(y + o * g.yPlane, block.shape), block.planes + i * block.planeImage + plan.planeAt[o], block.planeStep);
  }
}

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
  int64_t aVector[4], cVector[4];
};

template <int vectors, int columns>
void multiply(const Tile& t) {
  __m512 sums[vectors][columns];
#pragma GCC unroll 4
  for (int i = 0; i < vectors; i++)
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) sums[i][j] = _mm512_setzero_ps();
  const float* const a = t.a + t.aVector[0];
  const float* b = t.b;
  const int64_t bStep = t.bStep;
  int64_t apart[vectors];
#pragma GCC unroll 4
  for (int i = 0; i < vectors; i++) apart[i] = t.aVector[i] - t.aVector[0];
  const int32_t* const end = t.aAt + t.depth;
  for (const int32_t* at = t.aAt; at < end; at++, b += bStep) {
    const float* const p = a + *at;
    __m512 left[vectors];
#pragma GCC unroll 4
    for (int i = 0; i < vectors; i++) left[i] = _mm512_loadu_ps(p + apart[i]);
#pragma GCC unroll 8
    for (int j = 0; j < columns; j++) {
      const __m512 right = _mm512_set1_ps(b[j]);
#pragma GCC unroll 4
      for (int i = 0; i < vectors; i++) sums[i][j] = _mm512_fmadd_ps(left[i], right, sums[i][j]);
    }
  }
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

template <int vectors>
void multiply(const Tile& t, int columns) {
  switch (columns) {
    case 1:
      return multiply<vectors, 1>(t);
    case 2:
      return multiply<vectors, 2>(t);
    case 3:
      return multiply<vectors, 3>(t);
    case 4:
      return multiply<vectors, 4>(t);
    case 5:
      return multiply<vectors, 5>(t);
    case 6:
      return multiply<vectors, 6>(t);
  }
}

void multiply(const Tile& t, int vectors, int columns) {
  switch (vectors) {
    case 1:
      return multiply<1>(t, columns);
    case 2:
      return multiply<2>(t, columns);
    case 3:
      return multiply<3>(t, columns);
    case 4:
      return multiply<4>(t, columns);
  }
}

// One product for each point: all vectors of the block, `columns` columns. The steps lie from point to point.
void products(const WinogradPlan& plan, Tile tile, int64_t images, int64_t columns, int64_t aImage, int64_t aStep, int64_t bPoint,
              int64_t cImage, int64_t cStep) {
  const int32_t* const cAt = tile.cAt;
  const float* const b = tile.b;
  const int64_t vectors = images * plan.vectors, parts = (columns + 5) / 6;
  for (int64_t u = 0; u < plan.points; u++, tile.a += aStep, tile.c += cStep) {
    for (int64_t v = 0; v < vectors; v += 4) {
      const int64_t count = least(4, vectors - v);
      for (int64_t i = 0; i < count; i++) {
        const int64_t image = (v + i) / plan.vectors, place = (v + i) % plan.vectors * tileLanes;
        tile.aVector[i] = image * aImage + place;
        tile.cVector[i] = image * cImage + place;
      }
      for (int64_t part = 0; part < parts; part++) {
        const int64_t first = columns * part / parts;
        tile.b = b + u * bPoint + first;
        tile.cAt = cAt + first;
        multiply(tile, static_cast<int>(count), static_cast<int>(columns * (part + 1) / parts - first));
      }
    }
  }
}

// Filters lie at each point as [depth][outputs], for gradientX as [outputs][depth]: columns of a product one after the other.
template <int taps>
void filters(const WinogradPlan& plan, ConvolutionKind kind, const float* w, float* to, int64_t first, int64_t last) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t step = plan.depth * g.outputs, outer = g.w[2];
  const float alpha = static_cast<float>(g.alpha);
  if (kind == ConvolutionKind::forward) {
    for (int64_t k = first; k < last; k++)
      for (int64_t o = 0; o < g.outputs; o += tileLanes)
        pointsOfFilters<taps>(w + (o * plan.depth + k) * taps, plan.depth * taps, least(tileLanes, g.outputs - o), g.flip, alpha,
                              to + k * g.outputs + o, step);
    return;
  }
  for (int64_t o = first; o < last; o++)
    for (int64_t tap = 0; tap < outer; tap++)
      for (int64_t c = 0; c < g.inputs; c += tileLanes)
        pointsOfFilters<taps>(w + ((o * g.inputs + c) * outer + tap) * taps, outer * taps, least(tileLanes, g.inputs - c), g.flip, alpha,
                              to + o * plan.depth + tap * g.inputs + c, step);
}

template <int taps>
void forward(const WinogradPlan& plan, const float* filters, const float* x, float* y, int64_t images, float* memory) {
  const ConvolutionGeometry& g = plan.geometry;
  const Block block(plan, images, memory);
  readX<taps>(plan, block, x, images);
  const Tile tile{block.seen, plan.at, plan.depth, filters, g.outputs, block.planes, plan.planeAt, false, {}, {}};
  products(plan, tile, images, g.outputs, block.seenImage, block.seenStep, plan.depth * g.outputs, block.planeImage, block.planeStep);
  const Rows rows = rowsOfY(plan);
  for (int64_t i = 0; i < images; i++, y += g.group * g.outputs * g.yPlane) {
    for (int64_t o = 0; o < g.outputs; o++) {
      float* const target = rows.target(y + o * g.yPlane, block.shape);
      pixelsOfY<taps>(plan, block.planes + i * block.planeImage + plan.planeAt[o], block.planeStep, target);
      rows.put(target, y + o * g.yPlane);
    }
  }
}

template <int taps>
void gradientX(const WinogradPlan& plan, const float* filters, const float* dy, float* dx, int64_t images, float* memory) {
  const ConvolutionGeometry& g = plan.geometry;
  const Block block(plan, images, memory);
  readY<taps>(plan, block, dy, images);
  for (int64_t i = 0; i < images * block.seenImage + tileLanes; i++) block.seen[i] = 0;
  const Tile tile{block.planes, plan.planeAt, g.outputs, filters, plan.depth, block.seen, plan.at, true, {}, {}};
  products(plan, tile, images, plan.depth, block.planeImage, block.planeStep, plan.depth * g.outputs, block.seenImage, block.seenStep);
  const Rows rows = rowsOfX(plan);
  for (int64_t i = 0; i < images; i++, dx += g.group * g.inputs * g.xPlane) {
    for (int64_t c = 0; c < g.inputs; c++) {
      float* const target = rows.target(dx + c * g.xPlane, block.shape);
      pixelsOfX<taps>(plan, block.seen + i * block.seenImage + c * plan.seen, block.seenStep, target);
      rows.put(target, dx + c * g.xPlane);
    }
  }
}

template <int taps>
void gradientW(const WinogradPlan& plan, const float* x, const float* dy, float* part, int64_t images, float* memory) {
  const ConvolutionGeometry& g = plan.geometry;
  const Block block(plan, images, memory);
  readX<taps>(plan, block, x, images);
  readY<taps>(plan, block, dy, images);
  for (int64_t u = 0; u < plan.points; u++) {
    const float *const seen = block.seen + u * block.seenStep, *const planes = block.planes + u * block.planeStep;
    for (int64_t o = 0; o < g.outputs; o += maxRight) {
      for (int64_t k = 0; k < plan.depth; k += maxLeft) {
        accumulate<float>({seen, plan.at + k, block.seenImage, planes + plan.planeAt[o], plan.vectors * tileLanes, block.planeImage, images,
                           plan.pixels, part + (u * g.outputs + o) * plan.depth + k, plan.depth, planes},
                          static_cast<int>(least(maxLeft, plan.depth - k)), static_cast<int>(least(maxRight, g.outputs - o)));
      }
    }
  }
}

template <int taps>
void combine(const WinogradPlan& plan, const float* parts, int64_t step, int64_t first, int64_t last, float* dw) {
  using W = Winograd<taps>;
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t size = g.outputs * plan.depth;
  const __m512 alpha = _mm512_set1_ps(static_cast<float>(g.alpha));
  for (int64_t at = first * plan.depth; at < last * plan.depth; at += tileLanes) {
    const int64_t count = least(tileLanes, last * plan.depth - at);
    const __mmask16 mask = firstOf(count);
    __m512 sums[W::points];
#pragma GCC unroll 8
    for (int u = 0; u < W::points; u++) sums[u] = _mm512_maskz_loadu_ps(mask, parts + u * size + at);
    for (int64_t chunk = 1; chunk < plan.chunks; chunk++) {
#pragma GCC unroll 8
      for (int u = 0; u < W::points; u++) sums[u] += _mm512_maskz_loadu_ps(mask, parts + chunk * step + u * size + at);
    }
    float elements[taps][tileLanes];
#pragma GCC unroll 8
    for (int t = 0; t < taps; t++) {
      __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 8
      for (int u = 0; u < W::points; u++) sum = addTimes(W::filter[u][t], sums[u], sum);
      _mm512_storeu_ps(elements[g.flip ? taps - 1 - t : t], _mm512_mul_ps(alpha, sum));
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
