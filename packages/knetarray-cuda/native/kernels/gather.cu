// output[.., j, ..] = source[.., positions[j], ..] along a dimension: elements are moved as they are.
#include "../device.h"
#include "../kernels.h"
#include "../slices.h"

namespace knet {
namespace {

constexpr int threads = 256;

// The most that one instruction moves.
struct alignas(16) Wide {
  uint64_t low, high;
};

template <class T>
__global__ void __launch_bounds__(threads) gatherKernel(const Slices slices, const Positions positions, const T* x, T* y) {
  const int64_t step = int64_t{gridDim.x} * threads;
  for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < slices.size; i += step) {
    int64_t to, from, j;
    slices.locate(i, to, from, j);
    const int32_t position = positions.at(j);
    y[to] = positions.inside(position) ? x[from + position * slices.otherSlice] : T{};
  }
}

template <class T>
void run(const Slices& slices, const Positions& positions, const View& source, const View& output) {
  const unsigned blocks = blocksFor(slices.size, threads);
  KNET_LAUNCH_FREE((gatherKernel<T>), blocks, threads, stream(), slices, positions, source.as<const T>(), output.as<T>());
}

}  // namespace

// Written by native-commands/src/gather.ts.
void gatherCommand(const double* words) {
  Words w(words);
  const Selection s(w, false);
  Slices slices(s.output, s.source, s.dim);
  if (slices.size == 0) return;
  const uintptr_t addresses = reinterpret_cast<uintptr_t>(s.source.data) | reinterpret_cast<uintptr_t>(s.output.data);
  unsigned bytes = static_cast<unsigned>(bytesOf(s.source.dtype));
  while (bytes < sizeof(Wide) && slices.widen(addresses % (2 * bytes) == 0)) bytes *= 2;
  switch (bytes) {
    case 1:
      return run<uint8_t>(slices, s.positions, s.source, s.output);
    case 2:
      return run<uint16_t>(slices, s.positions, s.source, s.output);
    case 4:
      return run<uint32_t>(slices, s.positions, s.source, s.output);
    case 8:
      return run<uint64_t>(slices, s.positions, s.source, s.output);
    default:
      return run<Wide>(slices, s.positions, s.source, s.output);
  }
}

}  // namespace knet
