// Programs, element by element.
#include "../device.h"
#include "../kernels.h"
#include "../program.h"

namespace knet {
namespace {

constexpr int threads = 256;
// Elements that a thread computes with one reading of the instructions.
constexpr int width = 4;

template <class R, int slots>
__global__ void __launch_bounds__(threads) mapKernel(const Bound p) {
  const int64_t step = int64_t{gridDim.x} * threads * width;
  for (int64_t base = int64_t{blockIdx.x} * threads * width + threadIdx.x; base < p.size; base += step) {
    Registers<R, slots, width> registers;
    registers.load(p, [&](const Operand& x, int v) {
      const int64_t i = base + v * threads;
      return i < p.size ? placeOf(x, p.rank, p.shape, i) : nowhere;
    });
    registers.run(p);
    for (int k = 0; k < p.code.outputs; k++) {
      const Operand& y = p.operands[p.code.inputs + k];
      R out[width];
      registers.fetch(p, p.code.output[k], out);
      for (int v = 0; v < width; v++) {
        const int64_t i = base + v * threads;
        if (i < p.size) storeAs<R>(y.data, y.dtype, placeOf(y, p.rank, p.shape, i), out[v]);
      }
    }
  }
}

}  // namespace

// Written by `map` in native-commands/src/programs.ts.
void mapCommand(const double* words) {
  Words w(words);
  const Code& code = codeOf(w.integer());
  const int rank = static_cast<int>(w.integer());
  int64_t shape[maxGivenRank];
  if (rank > maxGivenRank) throw std::out_of_range("an array of too many dimensions");
  for (int d = 0; d < rank; d++) shape[d] = w.integer();
  Bound p;
  bind(p, code, w, rank, shape);
  if (p.size == 0) return;
  const unsigned blocks = blocksFor(p.size, threads * width);
  withRegister(code.dtype, [&](auto zero) {
    using R = decltype(zero);
    if (code.slots <= 8) KNET_LAUNCH_FREE((mapKernel<R, 8>), blocks, threads, stream(), p);
    else KNET_LAUNCH_FREE((mapKernel<R, maxSlots>), blocks, threads, stream(), p);
  });
}

}  // namespace knet
