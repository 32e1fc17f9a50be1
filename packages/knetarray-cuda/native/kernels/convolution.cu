// Convolution and its gradients: reading the command, and sums that were made in parts.
#include "../convolution.h"

#include <algorithm>

#include "../cudnn.h"
#include "../device.h"
#include "../kernels.h"
#include "../words.h"

namespace knet {
namespace {

constexpr unsigned threads = 256;

template <class T>
__global__ void __launch_bounds__(threads)
    combineKernel(const Compute<T>* __restrict__ parts, int64_t size, int count, Compute<T> alpha, T* __restrict__ output) {
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < size; i += step) {
    Compute<T> sum = parts[i];
    for (int k = 1; k < count; k++) sum += parts[k * size + i];
    output[i] = static_cast<T>(alpha * sum);
  }
}

// Word is a whole number as long as an element.
template <class Word>
__global__ void __launch_bounds__(threads) turnKernel(const Word* __restrict__ from, Word* __restrict__ to, int64_t size, int64_t taps) {
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < size; i += step) {
    const int64_t tap = i % taps;
    to[i] = from[i - tap + (taps - 1 - tap)];
  }
}

int64_t product(const int64_t (&lengths)[3]) { return lengths[0] * lengths[1] * lengths[2]; }

}  // namespace

void combineParts(DType dtype, const void* parts, int64_t size, int count, double alpha, char* output) {
  withFloatType(dtype, [&](auto element) {
    using T = decltype(element);
    KNET_LAUNCH_FREE((combineKernel<T>), blocksFor(size, threads), threads, stream(), static_cast<const Compute<T>*>(parts), size, count,
                     static_cast<Compute<T>>(alpha), reinterpret_cast<T*>(output));
  });
}

void turnFilters(const Convolution& c, const char* from, char* to) {
  const int64_t size = c.sizeOfW();
  const auto launch = [&](auto word) {
    using Word = decltype(word);
    KNET_LAUNCH_FREE((turnKernel<Word>), blocksFor(size, threads), threads, stream(), reinterpret_cast<const Word*>(from), reinterpret_cast<Word*>(to),
                     size, c.taps);
  };
  const int64_t bytes = bytesOf(c.dtype);
  if (bytes == 8) launch(uint64_t{});
  else if (bytes == 2) launch(uint16_t{});
  else launch(uint32_t{});
}

int64_t partsFor(int64_t blocks, int64_t steps, int64_t leastSteps, int64_t size) {
  // A multiprocessor has room for some blocks at a time.
  const int64_t wanted = int64_t{deviceInfo().processors} * 4;
  if (blocks * 2 > wanted) return 1;
  // Parts are written and read again: more of them than this cost more than they bring.
  constexpr int64_t mostElements = int64_t{1} << 24;
  return std::max<int64_t>(1, std::min({wanted / blocks, steps / leastSteps, mostElements / size}));
}

bool fitsInt32(const Convolution& c) {
  // Room for the pixels of a tile that is not full.
  constexpr int64_t most = INT32_MAX - 4096, mostPositions = int64_t{1} << 30;
  double reach = 0, step = 1;
  for (int d = 0; d < 3; d++) {
    // As far as a position may be from the first element of a plane, in both directions.
    const double length = static_cast<double>(c.x[d]) + 2.0 * static_cast<double>(c.padding[d]) +
                          2.0 * static_cast<double>(c.w[d]) * static_cast<double>(c.dilation[d]);
    if (length >= mostPositions || c.stride[d] >= mostPositions) return false;
    reach += length * step;
    step *= static_cast<double>(std::max(c.x[d], c.y[d]));
  }
  const int64_t elements = std::max({c.sizeOfX(), c.sizeOfY(), c.sizeOfW()});
  return static_cast<double>(elements) + reach <= static_cast<double>(most);
}

// Written by native-commands/src/convolution.ts.
void convolutionCommand(const double* words) {
  Words w(words);
  Convolution c;
  c.kind = static_cast<ConvolutionKind>(w.integer());
  c.dtype = w.dtype();
  for (int64_t* lengths : {c.x, c.w, c.y, c.padding, c.stride, c.dilation}) {
    for (int d = 0; d < 3; d++) lengths[d] = w.integer();
  }
  c.group = w.integer();
  c.inputs = w.integer() / c.group;
  c.outputs = w.integer() / c.group;
  c.batch = w.integer();
  c.flip = w.flag();
  c.alpha = w.number();
  c.xPlane = product(c.x);
  c.yPlane = product(c.y);
  c.taps = product(c.w);
  const char *const a = w.address(), *const b = w.address();
  char* const output = w.address();
  if (dnnConvolution(c, a, b, output)) return;
  if (c.kind == ConvolutionKind::gradientW) weightsConvolution(c, a, b, output);
  else gatherConvolution(c, a, b, output);
}

}  // namespace knet
