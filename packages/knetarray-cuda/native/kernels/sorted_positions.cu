// Stable sorting of positions: short lists by counting what comes before each, long ones digit by digit.
#include "../sorted_positions.h"

namespace knet {
namespace {

constexpr int threads = 256;
constexpr int warps = threads / warpSize;

// Up to this many positions all are compared with all: one launch, and less work than the passes of the other way.
constexpr int64_t fewPositions = 8192;

// Digits of four bits.
constexpr int digitBits = 4;
constexpr int digits = 1 << digitBits;
// Positions of a part: what a block counts and moves.
constexpr int perThread = 8;
constexpr int perPart = threads * perThread;

constexpr int sumThreads = 1024;

__device__ uint32_t keyAt(const Positions& positions, int64_t j, uint32_t limit) {
  const int32_t position = positions.at(j);
  return positions.inside(position) ? static_cast<uint32_t>(position) : limit;
}

// A block ranks 32 positions; each of its warps compares them with its part of the list.
__global__ void __launch_bounds__(threads) rankKernel(const Positions positions, uint32_t limit, uint32_t* keys, int32_t* order) {
  KNET_SHARED int32_t counts[warps][warpSize];
  const int lane = threadIdx.x % warpSize, warp = threadIdx.x / warpSize;
  const int32_t count = static_cast<int32_t>(positions.count);
  const int32_t j = static_cast<int32_t>(blockIdx.x) * warpSize + lane;
  const uint32_t key = j < count ? keyAt(positions, j, limit) : 0;
  int32_t before = 0;
  KNET_UNROLL
  for (int32_t i = warp; i < count; i += warps) {
    const uint32_t other = keyAt(positions, i, limit);
    before += other < key || (other == key && i < j);
  }
  counts[warp][lane] = before;
  __syncthreads();
  if (warp > 0 || j >= count) return;
  for (int k = 1; k < warps; k++) before += counts[k][lane];
  keys[before] = key;
  order[before] = j;
}

// A list before a pass: the positions as they were given, or as the last pass left them.
struct Pass {
  Positions given;
  uint32_t limit;
  const uint32_t* keys;
  const int32_t* order;
  int shift;
  // Of each digit, then of each part: how many positions, and later how many come before.
  int32_t* counts;
  int32_t parts;

  __device__ uint32_t key(int64_t j) const { return keys != nullptr ? keys[j] : keyAt(given, j, limit); }
  __device__ int32_t number(int64_t j) const { return order != nullptr ? order[j] : static_cast<int32_t>(j); }
  __device__ int digit(uint32_t key) const { return static_cast<int>(key >> shift) & (digits - 1); }
};

__device__ int32_t sumOfWarp(int32_t x) {
  for (int by = warpSize / 2; by > 0; by /= 2) x += __shfl_xor_sync(allLanes, x, by);
  return x;
}

// The sum of x over this lane and those before it.
__device__ int32_t sumsInWarp(int32_t x) {
  const int lane = threadIdx.x % warpSize;
  for (int by = 1; by < warpSize; by *= 2) {
    const int32_t before = __shfl_sync(allLanes, x, lane >= by ? lane - by : lane);
    if (lane >= by) x += before;
  }
  return x;
}

// How many positions of each part have each digit.
__global__ void __launch_bounds__(threads) countKernel(const Pass pass) {
  KNET_SHARED uint16_t counts[digits][threads];
  const int thread = threadIdx.x, lane = thread % warpSize;
  for (int d = 0; d < digits; d++) counts[d][thread] = 0;
  const int64_t first = int64_t{blockIdx.x} * perPart;
  for (int k = 0; k < perThread; k++) {
    const int64_t j = first + k * threads + thread;
    if (j < pass.given.count) counts[pass.digit(pass.key(j))][thread]++;
  }
  __syncthreads();
  for (int d = thread / warpSize; d < digits; d += warps) {
    int32_t sum = 0;
    for (int k = lane; k < threads; k += warpSize) sum += counts[d][k];
    sum = sumOfWarp(sum);
    if (lane == 0) pass.counts[d * pass.parts + static_cast<int32_t>(blockIdx.x)] = sum;
  }
}

// Replaces each number by the sum of those before it; one block.
__global__ void __launch_bounds__(sumThreads) sumKernel(int32_t* numbers, int32_t length) {
  KNET_SHARED int32_t ofWarps[warpSize];
  const int thread = threadIdx.x, lane = thread % warpSize, warp = thread / warpSize;
  int32_t before = 0;
  for (int32_t first = 0; first < length; first += sumThreads) {
    const int32_t i = first + thread;
    const int32_t own = i < length ? numbers[i] : 0;
    const int32_t inWarp = sumsInWarp(own);
    if (lane == warpSize - 1) ofWarps[warp] = inWarp;
    __syncthreads();
    if (warp == 0) {
      const int32_t sums = sumsInWarp(ofWarps[lane]);
      ofWarps[lane] = sums;
    }
    __syncthreads();
    if (i < length) numbers[i] = before + (warp > 0 ? ofWarps[warp - 1] : 0) + inWarp - own;
    before += ofWarps[warpSize - 1];
    // The next round writes where this one reads.
    __syncthreads();
  }
}

// Moves every position behind those of smaller digits, and those of its digit that come before it.
__global__ void __launch_bounds__(threads) moveKernel(const Pass pass, uint32_t* keys, int32_t* order) {
  // A place more for every 32, so that threads that read 8 apart meet other banks.
  KNET_SHARED uint32_t part[perPart + perPart / warpSize];
  KNET_SHARED uint16_t counts[digits][threads];
  const int thread = threadIdx.x, lane = thread % warpSize;
  const int64_t first = int64_t{blockIdx.x} * perPart;
  const int64_t rest = pass.given.count - first;
  const int length = static_cast<int>(rest < perPart ? rest : perPart);
  const auto place = [](int k) { return k + k / warpSize; };
  for (int k = thread; k < length; k += threads) part[place(k)] = pass.key(first + k);
  for (int d = 0; d < digits; d++) counts[d][thread] = 0;
  __syncthreads();
  const int begin = thread * perThread, end = begin + perThread < length ? begin + perThread : length;
  for (int k = begin; k < end; k++) counts[pass.digit(part[place(k)])][thread]++;
  __syncthreads();
  // For each digit: how many of it the threads before this one have.
  for (int d = thread / warpSize; d < digits; d += warps) {
    int32_t sum = 0;
    for (int k = 0; k < threads / warpSize; k++) sum += counts[d][lane * (threads / warpSize) + k];
    int32_t before = sumsInWarp(sum) - sum;
    for (int k = 0; k < threads / warpSize; k++) {
      uint16_t& count = counts[d][lane * (threads / warpSize) + k];
      const int32_t own = count;
      count = static_cast<uint16_t>(before);
      before += own;
    }
  }
  __syncthreads();
  for (int k = begin; k < end; k++) {
    const uint32_t key = part[place(k)];
    const int digit = pass.digit(key);
    const int32_t to = pass.counts[digit * pass.parts + static_cast<int32_t>(blockIdx.x)] + counts[digit][thread]++;
    keys[to] = key;
    order[to] = pass.number(first + k);
  }
}

size_t bytesFor(int64_t count) {
  if (count > INT32_MAX) throw std::out_of_range("a list of more than 2147483647 positions: use shorter ones");
  return static_cast<size_t>(count) * (count <= fewPositions ? 2 : 4) * sizeof(int32_t);
}

}  // namespace

SortedPositions::SortedPositions(const Positions& positions)
    : limit_(static_cast<uint32_t>(std::min<int64_t>(positions.length, int64_t{1} << 31))),
      memory_(bytesFor(positions.count)),
      keys_(memory_.as<uint32_t>()),
      order_(memory_.as<int32_t>() + positions.count) {
  if (positions.count <= fewPositions) byRank(positions);
  else byDigits(positions);
}

void SortedPositions::byRank(const Positions& positions) {
  const unsigned blocks = static_cast<unsigned>((positions.count + warpSize - 1) / warpSize);
  KNET_LAUNCH(rankKernel, blocks, threads, stream(), positions, limit_, keys_, order_);
}

void SortedPositions::byDigits(const Positions& positions) {
  const int32_t parts = static_cast<int32_t>((positions.count + perPart - 1) / perPart);
  const Scratch counts(static_cast<size_t>(parts) * digits * sizeof(int32_t));
  Pass pass{positions, limit_, nullptr, nullptr, 0, counts.as<int32_t>(), parts};
  uint32_t* otherKeys = keys_ + 2 * positions.count;
  int32_t* otherOrder = order_ + 2 * positions.count;
  for (; pass.shift == 0 || (limit_ >> pass.shift) > 0; pass.shift += digitBits) {
    const unsigned blocks = static_cast<unsigned>(parts);
    KNET_LAUNCH(countKernel, blocks, threads, stream(), pass);
    KNET_LAUNCH(sumKernel, 1, sumThreads, stream(), pass.counts, parts * digits);
    KNET_LAUNCH(moveKernel, blocks, threads, stream(), pass, keys_, order_);
    pass.keys = keys_;
    pass.order = order_;
    std::swap(keys_, otherKeys);
    std::swap(order_, otherOrder);
    if (pass.shift + digitBits >= 32) break;
  }
  keys_ = otherKeys;
  order_ = otherOrder;
}

}  // namespace knet
