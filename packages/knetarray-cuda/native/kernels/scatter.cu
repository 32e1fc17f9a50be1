// output[.., positions[j], ..] += source[.., j, ..] along a dimension, in the order of j: the thread of the first slice that goes to
// a position adds all that go there, so that no two threads write to one element.
#include "../kernels.h"
#include "../operations.h"
#include "../sorted_positions.h"

namespace knet {
namespace {

constexpr int threads = 256;
// Terms that a thread reads before it adds them.
constexpr int ahead = 4;

// Up to so many comparisons - each element with those before and after it - take less than sorting, which is two more launches.
constexpr int64_t fewComparisons = int64_t{1} << 24;
constexpr int64_t fewPositions = 1024;

// The next terms of one element: their numbers, or -1.
template <class T, class Next>
__device__ void addAll(const Slices& slices, const T* x, int64_t from, T& y, Next next) {
  using R = Compute<T>;
  R sum = static_cast<R>(y);
  for (bool more = true; more;) {
    int32_t j[ahead];
    KNET_UNROLL
    for (int k = 0; k < ahead; k++) j[k] = next();
    R terms[ahead];
    KNET_UNROLL
    for (int k = 0; k < ahead; k++) terms[k] = j[k] < 0 ? R(0) : static_cast<R>(x[from + j[k] * slices.listedSlice]);
    // A zero added is not always nothing: it makes +0 of -0.
    KNET_UNROLL
    for (int k = 0; k < ahead; k++) sum = j[k] < 0 ? sum : Arithmetic<R>::add(sum, terms[k]);
    more = j[ahead - 1] >= 0;
  }
  y = static_cast<T>(sum);
}

// For few positions: whoever goes through the list finds the others.
template <class T>
__global__ void __launch_bounds__(threads) searchKernel(const Slices slices, const Positions positions, const T* x, T* y) {
  const int64_t step = int64_t{gridDim.x} * threads;
  const int32_t count = static_cast<int32_t>(positions.count);
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < slices.size; i += step) {
    int64_t from, to, j;
    slices.locate(i, from, to, j);
    const int32_t position = positions.at(j);
    if (!positions.inside(position)) continue;
    int32_t first = 0;
    while (positions.at(first) != position) first++;
    if (first != j) continue;
    from -= j * slices.listedSlice;
    int32_t at = first;
    addAll(slices, x, from, y[to + position * slices.otherSlice], [&]() -> int32_t {
      while (at < count && positions.at(at) != position) at++;
      return at < count ? at++ : -1;
    });
  }
}

// For many: those that go to one position are side by side.
template <class T>
__global__ void __launch_bounds__(threads) sortedKernel(const Slices slices, const uint32_t* keys, const int32_t* order, int32_t count,
                                                        uint32_t limit, const T* x, T* y) {
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < slices.size; i += step) {
    int64_t from, to, place;
    slices.locate(i, from, to, place);
    const uint32_t key = keys[place];
    if (key >= limit || (place > 0 && keys[place - 1] == key)) continue;
    from -= place * slices.listedSlice;
    int32_t at = static_cast<int32_t>(place);
    addAll(slices, x, from, y[to + key * slices.otherSlice], [&]() -> int32_t {
      if (at >= count || keys[at] != key) return -1;
      return order[at++];
    });
  }
}

template <class T>
void scatterAdd(const Selection& s) {
  const Slices slices(s.source, s.output, s.dim);
  if (slices.size == 0 || s.output.size() == 0) return;
  const unsigned blocks = blocksFor(slices.size, threads);
  const T* const x = s.source.as<const T>();
  T* const y = s.output.as<T>();
  if (s.positions.count <= fewPositions && slices.size * s.positions.count <= fewComparisons) {
    KNET_LAUNCH_FREE((searchKernel<T>), blocks, threads, stream(), slices, s.positions, x, y);
    return;
  }
  const SortedPositions sorted(s.positions);
  KNET_LAUNCH_FREE((sortedKernel<T>), blocks, threads, stream(), slices, sorted.keys(), sorted.order(),
                   static_cast<int32_t>(s.positions.count), sorted.limit(), x, y);
}

}  // namespace

// Written by native-commands/src/gather.ts.
void scatterAddCommand(const double* words) {
  Words w(words);
  const Selection s(w, true);
  switch (s.output.dtype) {
    case DType::boolean:
      // Truth values are bytes here.
      return scatterAdd<uint8_t>(s);
    default:
      return withType(s.output.dtype, [&](auto zero) {
        if constexpr (!std::is_same_v<decltype(zero), bool>) scatterAdd<decltype(zero)>(s);
      });
  }
}

}  // namespace knet
