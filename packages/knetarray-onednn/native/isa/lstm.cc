#include "../lstm.h"

#include "lanes.h"

namespace knet::KNET_ISA {
namespace {

// Pieces are no longer than this: what the first loop over a piece has written is in the L1 cache for the second.
constexpr int64_t longestPiece = 1024;

// Calls run(first gate, state, count) for the elements from .. to-1, in pieces whose gates lie in runs of their own.
template <class R>
inline void forPieces(int64_t n, int64_t from, int64_t to, R&& run) {
  while (from < to) {
    const int64_t column = from / n, i = from - column * n;
    const int64_t rest = to - from < n - i ? to - from : n - i;
    const int64_t count = rest < longestPiece ? rest : longestPiece;
    run(4 * n * column + i, from, count);
    from += count;
  }
}

template <class T>
struct Gates {
  typename Lanes<T>::V forget, enter, out, change;

  Gates(const T* p, int64_t n, int64_t count)
      : forget(sigmoid(Lanes<T>::load(p, count))),
        enter(sigmoid(Lanes<T>::load(p + n, count))),
        out(sigmoid(Lanes<T>::load(p + 2 * n, count))),
        change(tanh(Lanes<T>::load(p + 3 * n, count))) {}
};

template <class T>
void forward(const LstmForward<T>& l, int64_t from, int64_t to) {
  using L = Lanes<T>;
  forPieces(l.n, from, to, [&l](int64_t gate, int64_t state, int64_t count) {
    const T* const gates = l.gates + gate;
    // Two loops: in one, each element would have to wait for two exponentials in a row.
    for (int64_t i = 0; i < count; i += L::count) {
      const int64_t k = count - i;
      const auto forget = sigmoid(L::load(gates + i, k)), enter = sigmoid(L::load(gates + l.n + i, k));
      const auto change = tanh(L::load(gates + 3 * l.n + i, k));
      L::store(l.newCell + state + i, fma(L::load(l.cell + state + i, k), forget, enter * change), k);
    }
    for (int64_t i = 0; i < count; i += L::count) {
      const int64_t k = count - i;
      const auto out = sigmoid(L::load(gates + 2 * l.n + i, k));
      L::store(l.newHidden + state + i, out * tanh(L::load(l.newCell + state + i, k)), k);
    }
  });
}

template <class T>
void backward(const LstmBackward<T>& l, int64_t from, int64_t to) {
  using L = Lanes<T>;
  const auto one = L::all(1);
  forPieces(l.n, from, to, [&l, one](int64_t gate, int64_t state, int64_t count) {
    for (; count > 0; count -= L::count, gate += L::count, state += L::count) {
      const Gates<T> g(l.gates + gate, l.n, count);
      const auto squashed = tanh(L::load(l.newCell + state, count));
      const auto hidden = L::load(l.hiddenGradient + state, count);
      // What arrives at the new cell, in sum.
      const auto arriving = fma(hidden * g.out, fnma(squashed, squashed, one), L::load(l.newCellGradient + state, count));
      const auto kept = arriving * g.forget;
      T* const to = l.gatesGradient + gate;
      L::store(to, kept * L::load(l.cell + state, count) * (one - g.forget), count);
      L::store(to + l.n, arriving * g.change * (g.enter * (one - g.enter)), count);
      L::store(to + 2 * l.n, hidden * squashed * (g.out * (one - g.out)), count);
      L::store(to + 3 * l.n, arriving * g.enter * fnma(g.change, g.change, one), count);
      L::store(l.cellGradient + state, kept, count);
    }
  });
}

}  // namespace

void lstm(const LstmForward<float>& l, int64_t from, int64_t to) { forward(l, from, to); }
void lstm(const LstmForward<double>& l, int64_t from, int64_t to) { forward(l, from, to); }
void lstmGradient(const LstmBackward<float>& l, int64_t from, int64_t to) { backward(l, from, to); }
void lstmGradient(const LstmBackward<double>& l, int64_t from, int64_t to) { backward(l, from, to); }

}  // namespace knet::KNET_ISA
