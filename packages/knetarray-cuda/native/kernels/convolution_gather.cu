// Forward convolution and its gradient of x: products of filters and of a matrix of pixels that exists in pieces only, in shared
// memory. See convolution_gather.h.
#include "convolution_gather.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "../device.h"
#include "convolution_tile.h"

namespace knet {
namespace {

using tile::Lines;
using tile::Place;
using tile::Position;
using tile::Quad;
using tile::Sums;
using tile::Tap;
using tile::threads;

// Terms of the sums that are in shared memory at a time.
constexpr int depth = 8;
// At most so many channels of the output are computed without tiles.
constexpr int64_t thinRows = 4;

// What a block computes.
struct Task {
  unsigned row, pixel, group, part, phase;

  template <class Index>
  __device__ explicit Task(const Gather<Index>& g) {
    unsigned b = blockIdx.x;
    row = b % g.rowTiles;
    b /= g.rowTiles;
    pixel = b % g.pixelTiles;
    b /= g.pixelTiles;
    group = b % g.groups;
    b /= g.groups;
    part = b % g.parts;
    phase = b / g.parts;
  }
};

// Where pixel p of a phase is in the input, and in the output or -1 if there is no such pixel.
template <class Index>
__device__ Index findPixel(const Gather<Index>& g, const Phase<Index>& phase, unsigned group, Index p, Position<Index>& from) {
  bool live = p < g.pixels;
  Index image = live ? p : 0, offset = 0, place = 0, inStep = 1, outStep = 1;
  KNET_UNROLL
  for (int d = 0; d < 3; d++) {
    Index q = image;
    image = g.pixelBy[d].split(q);
    const Index at = phase.first[d] + q * g.outStep[d];
    live = live && at < g.out[d];
    place += at * outStep;
    from.d[d] = phase.begin[d] + q * g.scale[d];
    offset += from.d[d] * inStep;
    inStep *= g.in[d];
    outStep *= g.out[d];
  }
  from.offset = image * g.inImage + static_cast<Index>(group) * g.inChannels * g.inPlane + offset;
  if (!live) from.d[0] = tile::nowhere<Index>();
  return live ? image * g.outImage + static_cast<Index>(group) * g.outChannels * g.outPlane + place : -1;
}

// Term k of the sums: the tap in the input, and its place in the filters.
template <class Index>
__device__ Index findTap(const Gather<Index>& g, const Phase<Index>& phase, const Divider<Index> (&by)[3], Index k, Tap<Index>& tap) {
  Index channel = k, weight = 0, inStep = 1;
  tap.offset = 0;
  KNET_UNROLL
  for (int d = 0; d < 3; d++) {
    Index j = channel;
    channel = by[d].split(j);
    tap.d[d] = j * phase.step[d];
    tap.offset += tap.d[d] * inStep;
    inStep *= g.in[d];
    weight += (phase.tap[d] + j * phase.tapStep[d]) * g.tapStrides[d];
  }
  tap.offset += channel * g.inPlane;
  return weight + channel * g.channelStride;
}

// As many blocks on a multiprocessor as the registers of their sums allow.
template <class T, int rows>
constexpr int blocksAtOnce = sizeof(Compute<T>) == sizeof(double) ? 2 : rows == 8 ? 3 : 4;

template <class T, int rows, class Index>
__global__ void __launch_bounds__(threads, (blocksAtOnce<T, rows>))
    convolutionKernel(const Gather<Index> g, const T* __restrict__ w, const T* __restrict__ in, T* __restrict__ out, Compute<T>* __restrict__ parts) {
  using C = Compute<T>;
  constexpr int height = 8 * rows;
  // Each thread brings one pixel of all lines, and `rows` filters of one line.
  constexpr int filters = height * depth / threads;
  KNET_SHARED Lines<C, depth, height> a[2];
  KNET_SHARED Lines<C, depth, tile::columns> b[2];
  KNET_SHARED Tap<Index> taps[2][depth];
  KNET_SHARED Index weights[2][depth];
  KNET_SHARED Index places[tile::columns];

  const Task task(g);
  const int t = static_cast<int>(threadIdx.x);
  const Phase<Index> phase = g.phases == 1 ? g.only : g.phase(static_cast<Index>(task.phase));
  Position<Index> from;
  places[t] = findPixel(g, phase, task.group, static_cast<Index>(task.pixel) * tile::columns + t, from);

  const Index terms = phase.count() * g.inChannels, steps = (terms + depth - 1) / depth;
  const Index share = steps / static_cast<Index>(g.parts), rest = steps % static_cast<Index>(g.parts), part = static_cast<Index>(task.part);
  const Index firstStep = part * share + (part < rest ? part : rest);
  const Index lastStep = firstStep + share + (part < rest ? 1 : 0);

  Divider<Index> by[3];
  if (t < depth) {
    KNET_UNROLL
    for (int d = 0; d < 3; d++) by[d] = g.phases == 1 ? g.tapBy[d] : Divider<Index>(phase.taps[d] > 0 ? phase.taps[d] : 1);
  }
  const auto prepare = [&](Index step) {
    if (t >= depth) return;
    const Index k = step * depth + t;
    const Index weight = findTap(g, phase, by, k < terms ? k : 0, taps[step & 1][t]);
    weights[step & 1][t] = k < terms ? weight : -1;
    if (k >= terms) taps[step & 1][t].d[0] = tile::nowhere<Index>();
  };

  const int line = t % depth;
  const Index row = static_cast<Index>(task.row) * height + t / depth;
  const T* const filter = w + static_cast<Index>(task.group) * g.groupStride + row * g.rowStride;
  C fromA[filters], fromB[depth];
  const auto load = [&](Index step) {
    const Index weight = weights[step & 1][line];
    KNET_UNROLL
    for (int i = 0; i < filters; i++) {
      constexpr int apart = threads / depth;
      const bool inside = weight >= 0 && row + i * apart < g.outChannels;
      fromA[i] = inside ? static_cast<C>(filter[i * apart * g.rowStride + weight]) : C(0);
    }
    KNET_UNROLL
    for (int k = 0; k < depth; k++) fromB[k] = tile::elementAt(in, g.in, from, taps[step & 1][k]);
  };

  const Place place;
  Sums<C, rows> sums;
  if (firstStep < lastStep) prepare(firstStep);
  __syncthreads();
  if (firstStep < lastStep) load(firstStep);
  for (Index step = firstStep; step < lastStep; step++) {
    const int now = static_cast<int>(step & 1);
    KNET_UNROLL
    for (int i = 0; i < filters; i++) a[now].at(line, t / depth + i * (threads / depth)) = fromA[i];
    KNET_UNROLL
    for (int k = 0; k < depth; k++) b[now].at(k, t) = fromB[k];
    if (step + 1 < lastStep) prepare(step + 1);
    __syncthreads();
    // Reads from memory are under way while the products are made.
    if (step + 1 < lastStep) load(step + 1);
    sums.add(place, a[now], b[now]);
  }

  const C alpha = static_cast<C>(g.alpha);
  KNET_UNROLL
  for (int i = 0; i < rows; i++) {
    const Index channel = static_cast<Index>(task.row) * height + place.rowOf(i);
    if (channel >= g.outChannels) continue;
    KNET_UNROLL
    for (int half = 0; half < 2; half++) {
      const int column = place.columnOf(4 * half);
      if (g.fours) {
        if (places[column] < 0) continue;
        Quad<T> four;
        KNET_UNROLL
        for (int j = 0; j < 4; j++) four.v[j] = static_cast<T>(alpha * sums.sum[i][4 * half + j]);
        *reinterpret_cast<Quad<T>*>(out + places[column] + channel * g.outPlane) = four;
        continue;
      }
      KNET_UNROLL
      for (int j = 0; j < 4; j++) {
        if (places[column + j] < 0) continue;
        const Index at = places[column + j] + channel * g.outPlane;
        if (g.parts > 1) parts[part * g.size + at] = sums.sum[i][4 * half + j];
        else out[at] = static_cast<T>(alpha * sums.sum[i][4 * half + j]);
      }
    }
  }
}

// Few channels of the output, as of filters for one channel each: a tile would be mostly empty. Each thread has a pixel, and all
// threads of a warp read the same filters.
template <class T, int rows, class Index>
__global__ void __launch_bounds__(threads, 4) thinKernel(const Gather<Index> g, const T* __restrict__ w, const T* __restrict__ in, T* __restrict__ out) {
  using C = Compute<T>;
  const Task task(g);
  const Phase<Index> phase = g.phases == 1 ? g.only : g.phase(static_cast<Index>(task.phase));
  Position<Index> from;
  const Index at = findPixel(g, phase, task.group, static_cast<Index>(task.pixel) * threads + static_cast<Index>(threadIdx.x), from);
  if (at < 0) return;
  C sum[rows];
  for (int i = 0; i < rows; i++) sum[i] = C(0);
  const T* filter = w + static_cast<Index>(task.group) * g.groupStride;
  for (Index c = 0; c < g.inChannels; c++, filter += g.channelStride) {
    Tap<Index> tap;
    for (Index j2 = 0; j2 < phase.taps[2]; j2++) {
      tap.d[2] = j2 * phase.step[2];
      for (Index j1 = 0; j1 < phase.taps[1]; j1++) {
        tap.d[1] = j1 * phase.step[1];
        const Index line = (phase.tap[2] + j2 * phase.tapStep[2]) * g.tapStrides[2] + (phase.tap[1] + j1 * phase.tapStep[1]) * g.tapStrides[1];
        tap.offset = c * g.inPlane + (tap.d[2] * g.in[1] + tap.d[1]) * g.in[0];
        tap.d[0] = 0;
        for (Index j0 = 0; j0 < phase.taps[0]; j0++, tap.d[0] += phase.step[0], tap.offset += phase.step[0]) {
          const C x = tile::elementAt(in, g.in, from, tap);
          const T* const weight = filter + line + (phase.tap[0] + j0 * phase.tapStep[0]) * g.tapStrides[0];
          KNET_UNROLL
          for (int i = 0; i < rows; i++) {
            if (i == 0 || i < g.outChannels) sum[i] += static_cast<C>(weight[i * g.rowStride]) * x;
          }
        }
      }
    }
  }
  KNET_UNROLL
  for (int i = 0; i < rows; i++) {
    if (i < g.outChannels) out[at + i * g.outPlane] = static_cast<T>(static_cast<C>(g.alpha) * sum[i]);
  }
}

// What both kernels need to know; how the work is divided comes later.
template <class Index>
Gather<Index> describe(const Convolution& c) {
  const bool forward = c.kind == ConvolutionKind::forward;
  const auto narrow = [](int64_t n) { return static_cast<Index>(n); };
  Gather<Index> g{};
  int64_t phases = 1, pixels = c.batch, tapStride = 1;
  for (int d = 0; d < 3; d++) {
    const int64_t in = forward ? c.x[d] : c.y[d], out = forward ? c.y[d] : c.x[d];
    g.in[d] = narrow(in);
    g.out[d] = narrow(out);
    g.scale[d] = narrow(forward ? c.stride[d] : 1);
    g.outStep[d] = narrow(forward ? 1 : c.stride[d]);
    const int64_t many = forward ? 1 : std::min(c.stride[d], out), length = (out + many - 1) / many;
    phases *= many;
    pixels *= length;
    g.pixelBy[d] = Divider<Index>(narrow(length));
    g.tapBy[d] = Divider<Index>(narrow(c.w[d]));
    g.tapStrides[d] = narrow(tapStride);
    tapStride *= c.w[d];
    g.w[d] = narrow(c.w[d]);
    g.padding[d] = narrow(c.padding[d]);
    g.dilation[d] = narrow(c.dilation[d]);
    g.cycle[d] = narrow(c.stride[d] / std::gcd(c.stride[d], c.dilation[d]));
  }
  g.flip = c.flip;
  g.inPlane = narrow(forward ? c.xPlane : c.yPlane);
  g.outPlane = narrow(forward ? c.yPlane : c.xPlane);
  g.inChannels = narrow(forward ? c.inputs : c.outputs);
  g.outChannels = narrow(forward ? c.outputs : c.inputs);
  g.inImage = g.inPlane * g.inChannels * narrow(c.group);
  g.outImage = g.outPlane * g.outChannels * narrow(c.group);
  g.pixels = narrow(pixels);
  const int64_t filter = c.taps * c.inputs;
  g.rowStride = narrow(forward ? filter : c.taps);
  g.channelStride = narrow(forward ? c.taps : filter);
  g.groupStride = narrow(filter * c.outputs);
  g.groups = static_cast<unsigned>(c.group);
  g.phases = static_cast<unsigned>(phases);
  g.size = forward ? c.sizeOfY() : c.sizeOfX();
  g.alpha = c.alpha;
  if (forward) {
    for (int d = 0; d < 3; d++) {
      // The taps in the order of memory: of a filter that is turned around, the last one comes first in x.
      const int64_t reach = (c.w[d] - 1) * c.dilation[d];
      g.only.begin[d] = narrow((c.flip ? reach : 0) - c.padding[d]);
      g.only.step[d] = narrow(c.flip ? -c.dilation[d] : c.dilation[d]);
      g.only.taps[d] = narrow(c.w[d]);
      g.only.tapStep[d] = 1;
    }
  } else if (phases == 1) {
    g.only = g.phase(0);
    for (int d = 0; d < 3; d++) g.tapBy[d] = Divider<Index>(std::max<Index>(g.only.taps[d], 1));
  }
  return g;
}

template <class T, int rows, class Index>
void launchTiles(Gather<Index> g, int64_t terms, const T* w, const T* in, T* out) {
  using C = Compute<T>;
  g.rowTiles = static_cast<unsigned>((g.outChannels + 8 * rows - 1) / (8 * rows));
  g.pixelTiles = static_cast<unsigned>((g.pixels + tile::columns - 1) / tile::columns);
  const int64_t blocks = int64_t{g.rowTiles} * g.pixelTiles * g.groups * g.phases;
  g.parts = static_cast<unsigned>(partsFor(blocks, (terms + depth - 1) / depth, 8, g.size));
  const bool aligned = reinterpret_cast<uintptr_t>(out) % sizeof(Quad<T>) == 0;
  g.fours = aligned && g.parts == 1 && g.phases == 1 && g.outPlane % 4 == 0 && g.pixels % 4 == 0;
  const Scratch parts(g.parts > 1 ? static_cast<size_t>(g.parts * g.size) * sizeof(C) : 0);
  KNET_LAUNCH((convolutionKernel<T, rows, Index>), static_cast<unsigned>(blocks * g.parts), threads, stream(), g, w, in, out, parts.template as<C>());
  if (g.parts > 1) {
    combineParts(floatTypeOf<T>, parts.template as<C>(), g.size, static_cast<int>(g.parts), g.alpha, reinterpret_cast<char*>(out));
  }
}

template <class T, int rows, class Index>
void launchThin(Gather<Index> g, const T* w, const T* in, T* out) {
  g.rowTiles = g.parts = 1;
  g.pixelTiles = static_cast<unsigned>((g.pixels + threads - 1) / threads);
  const int64_t blocks = int64_t{g.pixelTiles} * g.groups * g.phases;
  KNET_LAUNCH_FREE((thinKernel<T, rows, Index>), static_cast<unsigned>(blocks), threads, stream(), g, w, in, out);
}

template <class T, class Index>
void run(const Convolution& c, const T* w, const T* in, T* out) {
  const Gather<Index> g = describe<Index>(c);
  const int64_t terms = c.taps * g.inChannels / g.phases;
  // Without tiles sums are not divided either: long ones need enough pixels.
  const int64_t pixels = int64_t{g.pixels} * g.phases * g.groups;
  if (g.outChannels <= thinRows && (terms <= 256 || pixels >= int64_t{deviceInfo().processors} * threads)) {
    if (g.outChannels == 1) launchThin<T, 1>(g, w, in, out);
    else launchThin<T, thinRows>(g, w, in, out);
    return;
  }
  // Large tiles of what is common; the rest has fewer registers to spare.
  if constexpr (sizeof(T) <= sizeof(float) && sizeof(Index) == sizeof(int32_t)) {
    if (g.outChannels > 32) return launchTiles<T, 8>(g, terms, w, in, out);
  }
  launchTiles<T, 4>(g, terms, w, in, out);
}

}  // namespace

void gatherConvolution(const Convolution& c, const char* a, const char* b, char* output) {
  withFloatType(c.dtype, [&](auto element) {
    using T = decltype(element);
    const T *const w = reinterpret_cast<const T*>(a), *const in = reinterpret_cast<const T*>(b);
    T* const out = reinterpret_cast<T*>(output);
    if (fitsInt32(c)) run<T, int32_t>(c, w, in, out);
    else run<T, int64_t>(c, w, in, out);
  });
}

}  // namespace knet
