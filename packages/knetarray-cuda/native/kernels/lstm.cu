// The elementwise part of an LSTM cell. Gates are [n, 4, m] before their nonlinearities, in the order forget, in, out, change; states
// are [n, m].
#include "../device.h"
#include "../divider.h"
#include "../kernels.h"
#include "../operations.h"
#include "../words.h"

namespace knet {
namespace {

constexpr int threads = 256;

// Exact for numbers of any size: the exponential does not overflow.
template <class R>
__device__ R sigmoid(R x) {
  const R e = function::exp(x < 0 ? x : -x), r = R(1) / (R(1) + e);
  return x < 0 ? e * r : r;
}

template <class R>
struct Gates {
  R forget, enter, out, change;

  template <class T, class Index>
  __device__ Gates(const T* gates, Index n)
      : forget(sigmoid(static_cast<R>(gates[0]))),
        enter(sigmoid(static_cast<R>(gates[n]))),
        out(sigmoid(static_cast<R>(gates[2 * n]))),
        change(function::tanh(static_cast<R>(gates[3 * n]))) {}
};

// Index is int32_t where it has room for the places of all gates.
template <class T, class Index>
struct Cells {
  Divider<Index> n;
  Index size;

  // Calls f(place of an element among the gates, among the states) for those of a thread.
  template <class F>
  __device__ void forEach(F f) const {
    const int64_t step = int64_t{gridDim.x} * threads;
    for (int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x; i < size; i += step) {
      const Index state = static_cast<Index>(i), column = n.quotient(state);
      f(state + 3 * column * n.divisor(), state);
    }
  }
};

template <class T, class Index>
__global__ void __launch_bounds__(threads) forwardKernel(const Cells<T, Index> cells, const T* gates, const T* cell, T* newHidden,
                                                         T* newCell) {
  using R = Compute<T>;
  cells.forEach([&](Index gate, Index state) {
    const Gates<R> g(gates + gate, cells.n.divisor());
    const R next = static_cast<R>(cell[state]) * g.forget + g.enter * g.change;
    newCell[state] = static_cast<T>(next);
    newHidden[state] = static_cast<T>(g.out * function::tanh(next));
  });
}

// What the gradient reads and writes.
template <class T>
struct Gradients {
  const T *gates, *cell, *newCell;
  // Of the new states.
  const T *hidden, *arriving;
  T *gatesGradient, *cellGradient;
};

template <class T, class Index>
__global__ void __launch_bounds__(threads) backwardKernel(const Cells<T, Index> cells, const Gradients<T> p) {
  using R = Compute<T>;
  cells.forEach([&](Index gate, Index state) {
    const Index n = cells.n.divisor();
    const Gates<R> g(p.gates + gate, n);
    const R squashed = function::tanh(static_cast<R>(p.newCell[state])), hidden = static_cast<R>(p.hidden[state]);
    // What arrives at the new cell, in sum.
    const R all = static_cast<R>(p.arriving[state]) + hidden * g.out * (R(1) - squashed * squashed);
    const R kept = all * g.forget;
    T* const to = p.gatesGradient + gate;
    to[0] = static_cast<T>(kept * static_cast<R>(p.cell[state]) * (R(1) - g.forget));
    to[n] = static_cast<T>(all * g.change * (g.enter * (R(1) - g.enter)));
    to[2 * n] = static_cast<T>(hidden * squashed * (g.out * (R(1) - g.out)));
    to[3 * n] = static_cast<T>(all * g.enter * (R(1) - g.change * g.change));
    p.cellGradient[state] = static_cast<T>(kept);
  });
}

// Calls f(cells, blocks) for the dtype and the size that a command begins with.
template <class F>
void withCells(Words& w, F f) {
  const DType dtype = w.dtype();
  const int64_t n = w.integer(), size = n * w.integer();
  if (size == 0) return;
  const unsigned blocks = blocksFor(size, threads);
  withFloatType(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (4 * size <= INT32_MAX) f(Cells<T, int32_t>{Divider<int32_t>(static_cast<int32_t>(n)), static_cast<int32_t>(size)}, blocks, zero);
    else f(Cells<T, int64_t>{Divider<int64_t>(n), size}, blocks, zero);
  });
}

}  // namespace

// Written by native-commands/src/lstm.ts.
void lstmCommand(const double* words) {
  Words w(words);
  withCells(w, [&](const auto& cells, unsigned blocks, auto zero) {
    using T = decltype(zero);
    const T *const gates = w.pointer<T>(), *const cell = w.pointer<T>();
    T *const newHidden = w.pointer<T>(), *const newCell = w.pointer<T>();
    KNET_LAUNCH_FREE(forwardKernel, blocks, threads, stream(), cells, gates, cell, newHidden, newCell);
  });
}

void lstmGradientCommand(const double* words) {
  Words w(words);
  withCells(w, [&](const auto& cells, unsigned blocks, auto zero) {
    using T = decltype(zero);
    Gradients<T> p;
    p.gates = w.pointer<T>();
    p.cell = w.pointer<T>();
    p.newCell = w.pointer<T>();
    p.hidden = w.pointer<T>();
    p.arriving = w.pointer<T>();
    p.gatesGradient = w.pointer<T>();
    p.cellGradient = w.pointer<T>();
    KNET_LAUNCH_FREE(backwardKernel, blocks, threads, stream(), cells, p);
  });
}

}  // namespace knet
