// Matrix products element by element, and the sum of the parts that a product was cut into.
#pragma once

#include "matmul_tiles.h"

namespace knet {

inline constexpr int sumThreads = warpSize * warpsPerBlock;

// Row, column and batch of an element of the output.
struct Place {
  int64_t row, column, batch;

  template <class T>
  __device__ Place(const Job<T>& job, int64_t element) {
    const int64_t line = quotient(element, job.m);
    row = element - line * job.m;
    batch = quotient(line, job.n);
    column = line - batch * job.n;
  }
  // Division of 64 bits takes several times as long as of 32.
  __device__ static int64_t quotient(int64_t x, int64_t by) {
    if (x <= 0x7fffffff && by <= 0x7fffffff) return static_cast<uint32_t>(x) / static_cast<uint32_t>(by);
    return x / by;
  }
  template <class T>
  __device__ T* output(const Job<T>& job, const int64_t (&offsets)[3]) const {
    return job.output + offsets[2] + row * job.outputLayout.down + column * job.outputLayout.along;
  }
};

// Adds up what the lanes of a warp have, in an order that depends on nothing.
template <class R>
__device__ R sumOfLanes(R sum) {
  KNET_UNROLL
  for (int mask = warpSize / 2; mask > 0; mask /= 2) sum = Arithmetic<R>::add(sum, __shfl_xor_sync(allLanes, sum, mask));
  return sum;
}

// One thread computes an element: short sums.
template <class T>
__global__ void __launch_bounds__(sumThreads) singleKernel(const Job<T> job) {
  using R = Compute<T>;
  using A = Arithmetic<R>;
  const int64_t outputs = job.m * job.n * job.batches.count, step = int64_t{gridDim.x} * sumThreads;
  for (int64_t element = int64_t{blockIdx.x} * sumThreads + threadIdx.x; element < outputs; element += step) {
    const Place place(job, element);
    int64_t offsets[3];
    job.batches.find(place.batch, offsets);
    const T* const a = job.a + offsets[0] + place.row * job.aLayout.down;
    const T* const b = job.b + offsets[1] + place.column * job.bLayout.along;
    R sum = 0;
    for (int64_t l = 0; l < job.k; l++)
      sum = A::add(sum, A::mul(static_cast<R>(a[l * job.aLayout.along]), static_cast<R>(b[l * job.bLayout.down])));
    finish(job, place.output(job, offsets), sum);
  }
}

// One warp computes an element, or a part of its sum: long sums.
template <class T>
__global__ void __launch_bounds__(sumThreads) warpKernel(const Job<T> job) {
  using R = Compute<T>;
  using A = Arithmetic<R>;
  // Independent sums of a lane, so that it does not wait for each of its reads.
  constexpr int width = 4;
  const int lane = static_cast<int>(threadIdx.x) % warpSize;
  const int64_t matrix = job.m * job.n, outputs = matrix * job.batches.count, step = int64_t{gridDim.x} * warpsPerBlock;
  for (int64_t warp = int64_t{blockIdx.x} * warpsPerBlock + threadIdx.x / warpSize; warp < outputs * job.parts; warp += step) {
    // Warps of a block compute the same part of neighbouring elements, which share a row or a column.
    const int64_t part = Place::quotient(warp, outputs), element = warp - part * outputs;
    const Place place(job, element);
    int64_t offsets[3];
    job.batches.find(place.batch, offsets);
    const int64_t from = part * job.terms;
    const int terms = static_cast<int>(job.k - from < job.terms ? job.k - from : job.terms);
    const T* const a = job.a + offsets[0] + place.row * job.aLayout.down + from * job.aLayout.along;
    const T* const b = job.b + offsets[1] + place.column * job.bLayout.along + from * job.bLayout.down;
    R sums[width] = {};
    for (int base = lane; base < terms; base += width * warpSize) {
      KNET_UNROLL
      for (int v = 0; v < width; v++) {
        const int l = base + v * warpSize;
        if (l >= terms) continue;
        const R x = static_cast<R>(a[l * job.aLayout.along]), y = static_cast<R>(b[l * job.bLayout.down]);
        sums[v] = A::add(sums[v], A::mul(x, y));
      }
    }
    const R sum = sumOfLanes(A::add(A::add(sums[0], sums[1]), A::add(sums[2], sums[3])));
    if (lane > 0) continue;
    if (job.parts > 1) job.partial[(place.batch * (job.parts - 1) + part) * matrix + element] = sum;
    else finish(job, place.output(job, offsets), sum);
  }
}

// Adds the parts of every sum, by a thread or a warp for each.
template <class T, int lanes>
__global__ void __launch_bounds__(sumThreads) partsKernel(const Job<T> job) {
  using R = Compute<T>;
  constexpr int perBlock = sumThreads / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int64_t matrix = job.m * job.n, element = int64_t{blockIdx.x} * perBlock + threadIdx.x / lanes;
  if (element >= matrix * job.batches.count) return;
  const Place place(job, element);
  int64_t offsets[3];
  job.batches.find(place.batch, offsets);
  T* const output = place.output(job, offsets);
  const R* const partial = job.partial + place.batch * (job.parts - 1) * matrix + element;
  R sum = 0;
  for (int64_t part = lane; part < job.parts; part += lanes) sum = Arithmetic<R>::add(sum, partial[part * matrix]);
  if constexpr (lanes > 1) sum = sumOfLanes(sum);
  if (lane == 0) finish(job, output, sum);
}

}  // namespace knet
