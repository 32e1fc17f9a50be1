// The largest element of every window, where it is, and the gradient.
#include "pooling.h"

#include <algorithm>

#include "../device.h"
#include "../kernels.h"
#include "../words.h"

namespace knet {
namespace {

constexpr unsigned threads = 256;

// Position i of y, as a plane and a place in it.
template <class Index>
__device__ Index planeOf(const Divider<Index> (&lengths)[3], Index i, Index (&at)[3]) {
  KNET_UNROLL
  for (int d = 0; d < 3; d++) {
    const Index rest = lengths[d].quotient(i);
    at[d] = i - rest * lengths[d].divisor();
    i = rest;
  }
  return i;
}

// y and where may be null.
template <class T, class Index, class Place>
__global__ void __launch_bounds__(threads) maximaKernel(const Pooling<Index> g, const T* __restrict__ x, T* __restrict__ y, Place* __restrict__ where) {
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < g.outputs; i += step) {
    Index at[3];
    const Index plane = planeOf(g.yBy, static_cast<Index>(i), at);
    const Index place = placeOfLargest(g, x, plane, at);
    if (y != nullptr) y[i] = place < 0 ? nothing<T>() : x[place];
    if (where != nullptr) where[i] = static_cast<Place>(place);
  }
}

// Sums of dy: whole numbers wrap around.
template <class T>
struct SumOf {
  using Type = Compute<T>;
};
template <>
struct SumOf<int32_t> {
  using Type = uint32_t;
};
template <>
struct SumOf<uint8_t> {
  using Type = uint32_t;
};

// Windows side by side: an element of x is in at most one, whose largest element is found again.
template <class T, class Index>
__global__ void __launch_bounds__(threads) gradientOfOneKernel(const Pooling<Index> g, const T* __restrict__ x, const T* __restrict__ dy, T* __restrict__ dx) {
  using Sum = typename SumOf<T>::Type;
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < g.inputs; i += step) {
    Index at[3], window[3];
    const Index plane = planeOf(g.xBy, static_cast<Index>(i), at);
    bool inside = true;
    KNET_UNROLL
    for (int d = 0; d < 3; d++) {
      const Index u = at[d] + g.padding[d];
      window[d] = g.strideBy[d].quotient(u);
      inside = inside && window[d] < g.y[d] && u - window[d] * g.stride[d] < g.window[d];
    }
    // A sum as in the other kernel: of -0 it is 0.
    Sum sum = 0;
    if (inside && placeOfLargest(g, x, plane, window) == i) {
      sum += static_cast<Sum>(dy[((plane * g.y[2] + window[2]) * g.y[1] + window[1]) * g.y[0] + window[0]]);
    }
    dx[i] = static_cast<T>(sum);
  }
}

// Windows that overlap: `where` tells what each has chosen. Terms are added in the order of y.
template <class T, class Index>
__global__ void __launch_bounds__(threads) gradientKernel(const Pooling<Index> g, const Index* __restrict__ where, const T* __restrict__ dy, T* __restrict__ dx) {
  using Sum = typename SumOf<T>::Type;
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < g.inputs; i += step) {
    Index at[3], begin[3], end[3];
    const Index plane = planeOf(g.xBy, static_cast<Index>(i), at);
    KNET_UNROLL
    for (int d = 0; d < 3; d++) {
      // The windows that begin at most at this element, but for those that end before it.
      const Index u = at[d] + g.padding[d];
      begin[d] = u < g.window[d] ? 0 : g.strideBy[d].quotient(u - g.window[d]) + 1;
      end[d] = g.strideBy[d].quotient(u) + 1;
      if (end[d] > g.y[d]) end[d] = g.y[d];
    }
    Sum sum = 0;
    for (Index w = begin[2]; w < end[2]; w++) {
      for (Index v = begin[1]; v < end[1]; v++) {
        const Index row = ((plane * g.y[2] + w) * g.y[1] + v) * g.y[0];
        for (Index k = begin[0]; k < end[0]; k++) {
          if (where[row + k] == i) sum += static_cast<Sum>(dy[row + k]);
        }
      }
    }
    dx[i] = static_cast<T>(sum);
  }
}

// What native-commands/src/pooling.ts writes of the geometry.
struct Lengths {
  int64_t planes;
  int64_t x[3], y[3], window[3], padding[3], stride[3];
  int64_t inputs, outputs;

  explicit Lengths(Words& w) : planes(w.integer()), inputs(planes), outputs(planes) {
    for (int d = 0; d < 3; d++) {
      x[d] = w.integer();
      y[d] = w.integer();
      window[d] = w.integer();
      padding[d] = w.integer();
      stride[d] = w.integer();
      inputs *= x[d];
      outputs *= y[d];
    }
  }

  // Whether all positions, those in the padding as well, are numbers of 32 bits.
  bool small() const {
    constexpr int64_t most = INT32_MAX;
    bool fits = inputs <= most && outputs <= most;
    for (int d = 0; d < 3; d++) {
      fits = fits && (y[d] + 1) * stride[d] + window[d] <= most && x[d] + padding[d] + window[d] <= most;
    }
    return fits;
  }
  bool overlap() const { return stride[0] < window[0] || stride[1] < window[1] || stride[2] < window[2]; }

  template <class Index>
  Pooling<Index> as() const {
    Pooling<Index> g;
    for (int d = 0; d < 3; d++) {
      g.x[d] = static_cast<Index>(x[d]);
      g.y[d] = static_cast<Index>(y[d]);
      g.window[d] = static_cast<Index>(window[d]);
      g.padding[d] = static_cast<Index>(padding[d]);
      g.stride[d] = static_cast<Index>(stride[d]);
      g.xBy[d] = Divider<Index>(std::max<Index>(g.x[d], 1));
      g.yBy[d] = Divider<Index>(std::max<Index>(g.y[d], 1));
      g.strideBy[d] = Divider<Index>(g.stride[d]);
    }
    g.inputs = static_cast<Index>(inputs);
    g.outputs = static_cast<Index>(outputs);
    return g;
  }
};

template <class T, class Index>
void maxima(const Lengths& lengths, const T* x, T* y, int32_t* where) {
  if (lengths.outputs == 0) return;
  KNET_LAUNCH_FREE((maximaKernel<T, Index, int32_t>), blocksFor(lengths.outputs, threads), threads, stream(), lengths.as<Index>(), x, y, where);
}

template <class T, class Index>
void gradient(const Lengths& lengths, const T* x, const T* dy, T* dx) {
  if (lengths.inputs == 0) return;
  const unsigned blocks = blocksFor(lengths.inputs, threads);
  const Pooling<Index> g = lengths.as<Index>();
  if (!lengths.overlap()) {
    KNET_LAUNCH_FREE((gradientOfOneKernel<T, Index>), blocks, threads, stream(), g, x, dy, dx);
    return;
  }
  const Scratch scratch(static_cast<size_t>(lengths.outputs) * sizeof(Index));
  Index* const where = scratch.as<Index>();
  if (lengths.outputs > 0) {
    KNET_LAUNCH_FREE((maximaKernel<T, Index, Index>), blocksFor(lengths.outputs, threads), threads, stream(), g, x, static_cast<T*>(nullptr), where);
  }
  KNET_LAUNCH_FREE((gradientKernel<T, Index>), blocks, threads, stream(), g, where, dy, dx);
}

// Truth values are bytes.
DType stored(DType dtype) { return dtype == DType::boolean ? DType::uint8 : dtype; }

// Calls f with values of the types of elements and of indices.
template <class F>
void withTypes(DType dtype, const Lengths& lengths, F f) {
  const auto ofElement = [&](auto element) {
    if (lengths.small()) f(element, int32_t{});
    else f(element, int64_t{});
  };
  switch (stored(dtype)) {
    case DType::int32:
      return ofElement(int32_t{});
    case DType::uint8:
      return ofElement(uint8_t{});
    default:
      return withFloatType(dtype, ofElement);
  }
}

}  // namespace

// Written by `maxPooling` in native-commands/src/pooling.ts.
void maxPoolingCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const char* const x = w.address();
  char* const y = w.address();
  int32_t* const where = w.pointer<int32_t>();
  const Lengths lengths(w);
  withTypes(dtype, lengths, [&](auto element, auto index) {
    using T = decltype(element);
    maxima<T, decltype(index)>(lengths, reinterpret_cast<const T*>(x), reinterpret_cast<T*>(y), where);
  });
}

// Written by `maxPoolingGradient` in native-commands/src/pooling.ts.
void maxPoolingGradientCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const char* const x = w.address();
  const char* const dy = w.address();
  char* const dx = w.address();
  const Lengths lengths(w);
  withTypes(dtype, lengths, [&](auto element, auto index) {
    using T = decltype(element);
    gradient<T, decltype(index)>(lengths, reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(dy), reinterpret_cast<T*>(dx));
  });
}

}  // namespace knet
