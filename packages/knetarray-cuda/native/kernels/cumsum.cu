// Cumulative sums along a dimension.
#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "../device.h"
#include "../kernels.h"
#include "../words.h"
#include "block_tree.h"

namespace knet {
namespace {

constexpr int threads = 256;
constexpr int warps = threads / warpSize;
// Elements that a thread has at a time.
constexpr int batch = 4;
// Elements that a warp, and a block, sums at a time.
constexpr int warpTile = warpSize * batch, blockTile = threads * batch;

// Fractions are summed in double precision, so that rounding does not add up; whole numbers wrap around.
template <class T>
using SumOf = std::conditional_t<std::is_floating_point_v<Compute<T>>, double, uint32_t>;

template <class T>
__device__ SumOf<T> load(const T& x) {
  return static_cast<SumOf<T>>(static_cast<Compute<T>>(x));
}
template <class T>
__device__ void store(T& y, SumOf<T> sum) {
  y = static_cast<T>(static_cast<Compute<T>>(sum));
}

// The lines along one dimension of two views of one shape.
struct Lines {
  int64_t length, count;
  // From one element of a line to the next.
  int64_t inX, inY;
  // The other dimensions, those that lie in one run merged.
  int rank;
  int64_t shape[maxRank], xStrides[maxRank], yStrides[maxRank];
  // What a block sums of a line, and how many such segments a line has; with a warp for every line there is one.
  bool inWarps;
  int64_t segment;
  int segments;

  Lines(const View& x, const View& y, int dim) : length(x.shape[dim]), count(1), inX(x.strides[dim]), inY(y.strides[dim]), rank(0) {
    for (int d = 0; d < x.rank; d++) {
      if (d == dim || x.shape[d] == 1) continue;
      count *= x.shape[d];
      const int last = rank - 1;
      if (last >= 0 && x.strides[d] == xStrides[last] * shape[last] && y.strides[d] == yStrides[last] * shape[last]) {
        shape[last] *= x.shape[d];
        continue;
      }
      if (rank == maxRank) throw std::out_of_range("an array of more than 16 dimensions that do not lie in one run: copy it first");
      shape[rank] = x.shape[d];
      xStrides[rank] = x.strides[d];
      yStrides[rank++] = y.strides[d];
    }
    // Enough blocks to fill a large GPU, each with several tiles.
    constexpr int64_t fullBlocks = 1024;
    inWarps = length <= 4 * warpTile && count >= 4 * warps;
    const int64_t parts = inWarps ? 1 : std::max<int64_t>(1, std::min(fullBlocks / std::max<int64_t>(1, count), length / (4 * blockTile)));
    segment = ((length + parts - 1) / parts + blockTile - 1) / blockTile * blockTile;
    segments = static_cast<int>((length + segment - 1) / segment);
  }

  // Whether a thread for every line is best: lines are short, or there are many and neighbours lie side by side.
  bool inThreads() const {
    const bool neighbours = rank > 0 && std::abs(xStrides[0]) + std::abs(yStrides[0]) < std::abs(inX) + std::abs(inY);
    return length <= 16 || (neighbours && count >= 4096);
  }

  // Where a line begins in both views.
  __device__ void locate(int64_t line, int64_t& x, int64_t& y) const {
    x = y = 0;
    for (int d = 0; d < rank; d++) {
      // Division of 64 bits takes several times as long as of 32.
      const bool narrow = line <= 0x7fffffff && shape[d] <= 0x7fffffff;
      const int64_t next = narrow ? static_cast<uint32_t>(line) / static_cast<uint32_t>(shape[d]) : line / shape[d];
      const int64_t at = line - next * shape[d];
      x += at * xStrides[d];
      y += at * yStrides[d];
      line = next;
    }
  }
};

template <class T>
__global__ void __launch_bounds__(threads) threadKernel(const Lines lines, const T* x, T* y) {
  const int64_t line = int64_t{blockIdx.x} * threads + threadIdx.x;
  if (line >= lines.count) return;
  int64_t from, to;
  lines.locate(line, from, to);
  SumOf<T> sum = 0;
  for (int64_t i = 0; i < lines.length; i += batch) {
    // All are read before any is written, so that they are under way together.
    T raw[batch] = {};
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (i + v < lines.length) raw[v] = x[from + (i + v) * lines.inX];
    }
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      if (i + v >= lines.length) break;
      sum += load(raw[v]);
      store(y[to + (i + v) * lines.inY], sum);
    }
  }
}

// The sum of every segment.
template <class T>
__global__ void __launch_bounds__(threads) totalKernel(const Lines lines, const T* x, SumOf<T>* totals) {
  using S = SumOf<T>;
  const int64_t line = blockIdx.x / lines.segments, first = (blockIdx.x - line * lines.segments) * lines.segment;
  const int64_t end = first + lines.segment < lines.length ? first + lines.segment : lines.length;
  int64_t from, to;
  lines.locate(line, from, to);
  const int t = static_cast<int>(threadIdx.x);
  S sum = 0;
  for (int64_t i = first + t; i < end; i += threads) sum += load(x[from + i * lines.inX]);
  combineParts<threads>(sum, threads, t, 1, t, true, [](S& a, const S& b) { a += b; });
  if (t == 0) totals[blockIdx.x] = sum;
}

// The sums of this lane and those before it.
template <class S>
__device__ S scanLanes(S x, int lane) {
  for (int by = 1; by < warpSize; by <<= 1) {
    const S before = __shfl_sync(allLanes, x, lane < by ? lane : lane - by);
    if (lane >= by) x += before;
  }
  return x;
}

// One segment for every block, or one line for every warp.
template <class T>
__global__ void __launch_bounds__(threads) scanKernel(const Lines lines, const T* x, T* y, const SumOf<T>* totals) {
  using S = SumOf<T>;
  KNET_SHARED S warpTotals[2][warps];
  const int t = static_cast<int>(threadIdx.x), lane = t % warpSize, warp = t / warpSize;
  const int64_t line = lines.inWarps ? int64_t{blockIdx.x} * warps + warp : blockIdx.x / lines.segments;
  const int64_t segment = lines.inWarps ? 0 : blockIdx.x - line * lines.segments, first = segment * lines.segment;
  int64_t end = first + lines.segment < lines.length ? first + lines.segment : lines.length;
  if (line >= lines.count) end = 0;
  int64_t from, to;
  lines.locate(line, from, to);
  // The sum of everything before.
  S carry = 0;
  if (segment > 0) {
    for (int64_t s = t; s < segment; s += threads) carry += totals[line * lines.segments + s];
    combineParts<threads>(carry, threads, t, 1, t, true, [](S& a, const S& b) { a += b; });
  }
  const int64_t tile = lines.inWarps ? warpTile : blockTile, mine = lines.inWarps ? lane : warp * warpTile + lane;
  int buffer = 0;
  for (int64_t start = first; start < end; start += tile, buffer ^= 1) {
    const int64_t begin = start + mine;
    S sums[batch];
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      const int64_t i = begin + v * warpSize;
      sums[v] = i < end ? load(x[from + i * lines.inX]) : S(0);
    }
    KNET_UNROLL
    for (int v = 0; v < batch; v++) sums[v] = scanLanes(sums[v], lane);
    S total = 0, before = carry;
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      const S row = __shfl_sync(allLanes, sums[v], warpSize - 1);
      sums[v] += total;
      total += row;
    }
    if (!lines.inWarps) {
      if (lane == 0) warpTotals[buffer][warp] = total;
      __syncthreads();
      total = 0;
      for (int w = 0; w < warps; w++) {
        if (w == warp) before += total;
        total += warpTotals[buffer][w];
      }
    }
    carry += total;
    KNET_UNROLL
    for (int v = 0; v < batch; v++) {
      const int64_t i = begin + v * warpSize;
      if (i < end) store(y[to + i * lines.inY], before + sums[v]);
    }
  }
}

template <class T>
void cumsum(const Lines& lines, const T* x, T* y) {
  if (lines.inThreads()) {
    const auto blocks = static_cast<unsigned>((lines.count + threads - 1) / threads);
    KNET_LAUNCH_FREE((threadKernel<T>), blocks, threads, stream(), lines, x, y);
    return;
  }
  const auto blocks = static_cast<unsigned>(lines.inWarps ? (lines.count + warps - 1) / warps : lines.count * lines.segments);
  const Scratch scratch(lines.segments > 1 ? blocks * sizeof(SumOf<T>) : 0);
  SumOf<T>* const totals = scratch.as<SumOf<T>>();
  if (lines.segments > 1) KNET_LAUNCH((totalKernel<T>), blocks, threads, stream(), lines, x, totals);
  KNET_LAUNCH((scanKernel<T>), blocks, threads, stream(), lines, x, y, totals);
}

}  // namespace

// Written by native-commands/src/gather.ts.
void cumsumCommand(const double* words) {
  Words w(words);
  const int dim = static_cast<int>(w.integer());
  const View x = w.view(), y = w.view();
  if (x.size() == 0) return;
  const Lines lines(x, y, dim);
  withType(x.dtype, [&](auto zero) {
    using M = decltype(zero);
    // Truth values are bytes.
    using T = std::conditional_t<std::is_same_v<M, bool>, uint8_t, M>;
    cumsum<T>(lines, x.as<T>(), y.as<T>());
  });
}

}  // namespace knet
