// The gradient of a convolution's filters: products of dy and of a matrix of taps that exists in pieces only, in shared memory. The
// sums go over all pixels of all images, and are divided among blocks.
#include <algorithm>
#include <type_traits>

#include "../convolution.h"
#include "../device.h"
#include "../divider.h"
#include "convolution_tile.h"

namespace knet {
namespace {

using tile::Lines;
using tile::Place;
using tile::Position;
using tile::Sums;
using tile::Tap;
using tile::threads;

// Pixels that are in shared memory at a time.
constexpr int depth = 16;
// Weights of a block without tiles.
constexpr int thinColumns = 8;

template <class Index>
struct Weights {
  Index x[3], xPlane, xImage, inputs;  // channels of a group
  Index yPlane, yImage, outputs;
  Divider<Index> yBy[3], tapBy[3];
  Index stride[3], begin[3], step[3];  // pixel i of y meets tap j at begin + i stride + j step
  Index columns;                       // weights of one filter
  Index pixels;                        // in all images
  unsigned groups, rowTiles, columnTiles, parts;
  int64_t size;
  double alpha;

  // The share of a part: pixels begin .. end-1.
  __device__ void share(unsigned part, Index grain, Index& from, Index& to) const {
    const Index steps = (pixels + grain - 1) / grain, each = steps / static_cast<Index>(parts), rest = steps % static_cast<Index>(parts);
    const Index p = static_cast<Index>(part), first = p * each + (p < rest ? p : rest);
    from = first * grain;
    to = (first + each + (p < rest ? 1 : 0)) * grain;
    if (to > pixels) to = pixels;
  }
};

// What a block computes.
struct Task {
  unsigned row, column, group, part;

  template <class Index>
  __device__ explicit Task(const Weights<Index>& g) {
    unsigned b = blockIdx.x;
    row = b % g.rowTiles;
    b /= g.rowTiles;
    column = b % g.columnTiles;
    b /= g.columnTiles;
    group = b % g.groups;
    part = b / g.groups;
  }
};

// Pixel p of y: where it is in the first channel of dy, and in the first channel of x.
template <class Index>
__device__ Index findPixel(const Weights<Index>& g, unsigned group, Index p, Position<Index>& from) {
  Index image = p, inStep = 1;
  from.offset = 0;
  KNET_UNROLL
  for (int d = 0; d < 3; d++) {
    Index q = image;
    image = g.yBy[d].split(q);
    from.d[d] = g.begin[d] + q * g.stride[d];
    from.offset += from.d[d] * inStep;
    inStep *= g.x[d];
  }
  from.offset += image * g.xImage + static_cast<Index>(group) * g.inputs * g.xPlane;
  return image * g.yImage + static_cast<Index>(group) * g.outputs * g.yPlane + (p - image * g.yPlane);
}

// Weight number j of a filter.
template <class Index>
__device__ Tap<Index> findTap(const Weights<Index>& g, Index j) {
  Tap<Index> tap;
  Index channel = j, inStep = 1;
  tap.offset = 0;
  KNET_UNROLL
  for (int d = 0; d < 3; d++) {
    Index i = channel;
    channel = g.tapBy[d].split(i);
    tap.d[d] = i * g.step[d];
    tap.offset += tap.d[d] * inStep;
    inStep *= g.x[d];
  }
  tap.offset += channel * g.xPlane;
  if (j >= g.columns) tap.d[0] = tile::nowhere<Index>();
  return tap;
}

template <class T, int rows, class Index>
__global__ void __launch_bounds__(threads, 2)
    weightsKernel(const Weights<Index> g, const T* __restrict__ x, const T* __restrict__ dy, T* __restrict__ dw, Compute<T>* __restrict__ parts) {
  using C = Compute<T>;
  constexpr int height = 8 * rows;
  // Each thread brings a pixel of every `apart`th filter and weight.
  constexpr int apart = threads / depth;
  constexpr int filters = height / apart, weights = tile::columns / apart;
  KNET_SHARED Lines<C, depth, height> a[2];
  KNET_SHARED Lines<C, depth, tile::columns> b[2];
  KNET_SHARED Tap<Index> taps[tile::columns];

  const Task task(g);
  const int t = static_cast<int>(threadIdx.x), line = t % depth, other = t / depth;
  const Index firstColumn = static_cast<Index>(task.column) * tile::columns, firstRow = static_cast<Index>(task.row) * height;
  taps[t] = findTap(g, firstColumn + t);
  Index pixel, end;
  g.share(task.part, depth, pixel, end);
  C fromA[filters], fromB[weights];
  const auto load = [&](Index first) {
    const Index p = first + line;
    const bool live = p < end;
    Position<Index> from;
    const Index at = findPixel(g, task.group, live ? p : 0, from);
    if (!live) from.d[0] = tile::nowhere<Index>();
    KNET_UNROLL
    for (int i = 0; i < filters; i++) {
      const Index row = firstRow + other + i * apart;
      fromA[i] = live && row < g.outputs ? static_cast<C>(dy[at + row * g.yPlane]) : C(0);
    }
    KNET_UNROLL
    for (int j = 0; j < weights; j++) fromB[j] = tile::elementAt(x, g.x, from, taps[other + j * apart]);
  };

  const Place place;
  Sums<C, rows> sums;
  __syncthreads();
  if (pixel < end) load(pixel);
  for (int now = 0; pixel < end; pixel += depth, now ^= 1) {
    KNET_UNROLL
    for (int i = 0; i < filters; i++) a[now].at(line, other + i * apart) = fromA[i];
    KNET_UNROLL
    for (int j = 0; j < weights; j++) b[now].at(line, other + j * apart) = fromB[j];
    __syncthreads();
    // Reads from memory are under way while the products are made.
    if (pixel + depth < end) load(pixel + depth);
    sums.add(place, a[now], b[now]);
  }

  const C alpha = static_cast<C>(g.alpha);
  KNET_UNROLL
  for (int i = 0; i < rows; i++) {
    const Index row = firstRow + place.rowOf(i);
    if (row >= g.outputs) continue;
    const Index filter = (static_cast<Index>(task.group) * g.outputs + row) * g.columns;
    KNET_UNROLL
    for (int j = 0; j < 8; j++) {
      const Index column = firstColumn + place.columnOf(j);
      if (column >= g.columns) continue;
      if (g.parts > 1) parts[task.part * g.size + filter + column] = sums.sum[i][j];
      else dw[filter + column] = static_cast<T>(alpha * sums.sum[i][j]);
    }
  }
}

// Few weights in a group: a tile would be mostly empty. A block has some weights of one filter, and its threads share the pixels.
template <class T, class Index>
__global__ void __launch_bounds__(threads)
    thinWeightsKernel(const Weights<Index> g, const T* __restrict__ x, const T* __restrict__ dy, T* __restrict__ dw, Compute<T>* __restrict__ parts) {
  using C = Compute<T>;
  constexpr int warps = threads / warpSize;
  KNET_SHARED Tap<Index> taps[thinColumns];
  KNET_SHARED C totals[warps][thinColumns];
  const Task task(g);
  const int t = static_cast<int>(threadIdx.x);
  const Index firstColumn = static_cast<Index>(task.column) * thinColumns;
  if (t < thinColumns) taps[t] = findTap(g, firstColumn + t);
  __syncthreads();
  Index pixel, end;
  g.share(task.part, threads, pixel, end);
  C sum[thinColumns];
  KNET_UNROLL
  for (int j = 0; j < thinColumns; j++) sum[j] = C(0);
  for (Index p = pixel + t; p < end; p += threads) {
    Position<Index> from;
    const Index at = findPixel(g, task.group, p, from);
    const C gradient = static_cast<C>(dy[at + static_cast<Index>(task.row) * g.yPlane]);
    KNET_UNROLL
    for (int j = 0; j < thinColumns; j++) sum[j] += gradient * tile::elementAt(x, g.x, from, taps[j]);
  }
  KNET_UNROLL
  for (int j = 0; j < thinColumns; j++) {
    for (int by = warpSize / 2; by > 0; by /= 2) sum[j] += __shfl_down_sync(allLanes, sum[j], by);
    if (t % warpSize == 0) totals[t / warpSize][j] = sum[j];
  }
  __syncthreads();
  const Index column = firstColumn + t;
  if (t >= thinColumns || column >= g.columns) return;
  C total = totals[0][t];
  KNET_UNROLL
  for (int i = 1; i < warps; i++) total += totals[i][t];
  const Index at = (static_cast<Index>(task.group) * g.outputs + static_cast<Index>(task.row)) * g.columns + column;
  if (g.parts > 1) parts[task.part * g.size + at] = total;
  else dw[at] = static_cast<T>(static_cast<C>(g.alpha) * total);
}

template <class Index>
Weights<Index> describe(const Convolution& c) {
  const auto narrow = [](int64_t n) { return static_cast<Index>(n); };
  Weights<Index> g{};
  for (int d = 0; d < 3; d++) {
    g.x[d] = narrow(c.x[d]);
    g.yBy[d] = Divider<Index>(narrow(c.y[d]));
    g.tapBy[d] = Divider<Index>(narrow(c.w[d]));
    g.stride[d] = narrow(c.stride[d]);
    g.begin[d] = narrow((c.flip ? (c.w[d] - 1) * c.dilation[d] : 0) - c.padding[d]);
    g.step[d] = narrow(c.flip ? -c.dilation[d] : c.dilation[d]);
  }
  g.xPlane = narrow(c.xPlane);
  g.yPlane = narrow(c.yPlane);
  g.inputs = narrow(c.inputs);
  g.outputs = narrow(c.outputs);
  g.xImage = narrow(c.xPlane * c.inputs * c.group);
  g.yImage = narrow(c.yPlane * c.outputs * c.group);
  g.columns = narrow(c.taps * c.inputs);
  g.pixels = narrow(c.yPlane * c.batch);
  g.groups = static_cast<unsigned>(c.group);
  g.size = c.sizeOfW();
  g.alpha = c.alpha;
  return g;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Divides the work, and calls launch(blocks, parts).
template <class T, class Index, class F>
void divided(Weights<Index>& g, int64_t rowTiles, int64_t columnTiles, int64_t grain, int64_t leastSteps, T* dw, F launch) {
  using C = Compute<T>;
  g.rowTiles = static_cast<unsigned>(rowTiles);
  g.columnTiles = static_cast<unsigned>(columnTiles);
  const int64_t blocks = rowTiles * columnTiles * g.groups;
  g.parts = static_cast<unsigned>(partsFor(blocks, ceilDiv(g.pixels, grain), leastSteps, g.size));
  const Scratch parts(g.parts > 1 ? static_cast<size_t>(g.parts * g.size) * sizeof(C) : 0);
  launch(static_cast<unsigned>(blocks * g.parts), parts.template as<C>());
  if (g.parts > 1) {
    combineParts(floatTypeOf<T>, parts.template as<C>(), g.size, static_cast<int>(g.parts), g.alpha, reinterpret_cast<char*>(dw));
  }
}

template <class T, int rows, class Index>
void launchTiles(Weights<Index>& g, const T* x, const T* dy, T* dw) {
  divided(g, ceilDiv(g.outputs, 8 * rows), ceilDiv(g.columns, tile::columns), depth, 16, dw, [&](unsigned blocks, Compute<T>* parts) {
    KNET_LAUNCH((weightsKernel<T, rows, Index>), blocks, threads, stream(), g, x, dy, dw, parts);
  });
}

template <class T, class Index>
void run(const Convolution& c, const T* x, const T* dy, T* dw) {
  Weights<Index> g = describe<Index>(c);
  // A product outside of tiles costs about as much as a dozen inside.
  const int64_t inTiles = ceilDiv(c.outputs, 32) * 32 * ceilDiv(g.columns, tile::columns) * tile::columns;
  if (c.outputs * g.columns * 12 < inTiles) {
    divided(g, c.outputs, ceilDiv(g.columns, thinColumns), threads, 4, dw, [&](unsigned blocks, Compute<T>* parts) {
      KNET_LAUNCH((thinWeightsKernel<T, Index>), blocks, threads, stream(), g, x, dy, dw, parts);
    });
    return;
  }
  // Large tiles of what is common; the rest has fewer registers to spare.
  if constexpr (sizeof(T) <= sizeof(float) && sizeof(Index) == sizeof(int32_t)) {
    if (c.outputs > 32) return launchTiles<T, 8>(g, x, dy, dw);
  }
  launchTiles<T, 4>(g, x, dy, dw);
}

}  // namespace

void weightsConvolution(const Convolution& c, const char* a, const char* b, char* output) {
  withFloatType(c.dtype, [&](auto element) {
    using T = decltype(element);
    const T *const x = reinterpret_cast<const T*>(a), *const dy = reinterpret_cast<const T*>(b);
    T* const dw = reinterpret_cast<T*>(output);
    if (fitsInt32(c)) run<T, int32_t>(c, x, dy, dw);
    else run<T, int64_t>(c, x, dy, dw);
  });
}

}  // namespace knet
