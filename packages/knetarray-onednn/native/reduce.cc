#include "reduce.h"

#include <algorithm>
#include <limits>

#include "convert.h"
#include "isa.h"
#include "kernels.h"
#include "parallel.h"
#include "plan.h"
#include "scratch.h"

namespace knet {
namespace {

// Elements that are computed before they are combined. It depends on nothing, so that results do not depend on the program that
// made the elements.
constexpr int64_t pieceSize = 1024;

// Picoseconds; see map.cc.
constexpr int64_t worthSharing = 30'000'000;
constexpr int64_t taskTime = 10'000'000;
constexpr int64_t mostTasks = 64;

// The shape with neighbouring dimensions merged where both are reduced or both are kept: they alternate.
struct Layout {
  int rank;
  int64_t shape[maxRank];
  bool reduced[maxRank];
  // Results from one position to the next; 0 along reduced dimensions.
  int64_t into[maxRank];
  int64_t results;
};

Layout layoutOf(int rank, const int64_t* shape, const bool* reduced) {
  Layout l;
  l.rank = 0;
  for (int d = 0; d < rank; d++) {
    if (shape[d] == 1) continue;
    if (l.rank > 0 && l.reduced[l.rank - 1] == reduced[d]) {
      l.shape[l.rank - 1] *= shape[d];
    } else {
      l.shape[l.rank] = shape[d];
      l.reduced[l.rank++] = reduced[d];
    }
  }
  if (l.rank == 0) {
    l.shape[0] = 1;
    l.reduced[0] = true;
    l.rank = 1;
  }
  l.results = 1;
  for (int d = 0; d < l.rank; d++) {
    l.into[d] = l.reduced[d] ? 0 : l.results;
    if (!l.reduced[d]) l.results *= l.shape[d];
  }
  return l;
}

class Reducer {
 public:
  Reducer(Reduction op, const Program& program, const Plan& plan, const Layout& layout)
      : op_(op), dtype_(program.dtype), plan_(plan), l_(layout), combine_(KNET_DISPATCH(combinerOf)(op, program.dtype)) {}

  bool wholeNumbers() const { return dtype_ != DType::float32 && dtype_ != DType::float64; }
  bool positions() const { return op_ == Reduction::argmax || op_ == Reduction::argmin; }
  bool compensated() const { return op_ == Reduction::sum && !wholeNumbers(); }

  Accumulators allocate(int64_t count) const {
    const int64_t parts = 1 + compensated() + positions();
    char* const memory = static_cast<char*>(scratch(Scratch::accumulators, static_cast<size_t>(count * parts * 8)));
    Accumulators a{reinterpret_cast<Accumulator*>(memory), nullptr, nullptr};
    if (compensated()) a.lost = reinterpret_cast<double*>(memory + count * 8);
    if (positions()) a.positions = reinterpret_cast<int32_t*>(memory + count * 8);
    return a;
  }

  Accumulators shifted(Accumulators a, int64_t by) const {
    a.values += by;
    if (a.lost != nullptr) a.lost += by;
    if (a.positions != nullptr) a.positions += by;
    return a;
  }

  // What nothing combines to.
  Accumulator neutral() const {
    Accumulator x;
    if (wholeNumbers() && !positions())
      x.whole = op_ == Reduction::sum    ? 0
                : op_ == Reduction::prod ? 1
                : op_ == Reduction::max  ? std::numeric_limits<int64_t>::min()
                                         : std::numeric_limits<int64_t>::max();
    else
      x.real = op_ == Reduction::sum ? 0 : op_ == Reduction::prod ? 1 : op_ == Reduction::max ? -HUGE_VAL : HUGE_VAL;
    return x;
  }

  void clear(const Accumulators& a, int64_t from, int64_t to) const {
    std::fill(a.values + from, a.values + to, neutral());
    if (compensated()) std::fill(a.lost + from, a.lost + to, 0.0);
    if (positions()) std::fill(a.positions + from, a.positions + to, -1);
  }

  // Combines elements start .. end - 1 in column-major order; result 0 is at the beginning of `into`.
  void accumulate(const Accumulators& into, int64_t start, int64_t end) const {
    alignas(64) char block[pieceSize * 8 + 64];
    const int64_t bytes = bytesOf(dtype_), length = l_.shape[0];
    const char* const direct = plan_.direct();
    const int64_t whole = pieceSize / length * length;
    while (start < end) {
      const int64_t n = std::min(end - start, whole > 0 ? whole : std::min(pieceSize, length - start % length));
      const char* x = direct + start * bytes;
      if (direct == nullptr) {
        plan_.run(start, start + n, block - start * bytes);
        x = block;
      }
      consume(into, x, start, n);
      start += n;
    }
  }

  // Combines the accumulators of a later part into those of an earlier one.
  void merge(const Accumulators& into, const Accumulators& from) const {
    for (int64_t i = 0; i < l_.results; i++) {
      if (wholeNumbers()) {
        mergeWhole(into.values[i].whole, from.values[i].whole);
      } else {
        KNET_DISPATCH(combinerOf)(op_, DType::float64).columns(shifted(into, i), reinterpret_cast<const char*>(&from.values[i].real), 1, 1, 0);
        if (compensated()) into.lost[i] += from.lost[i];
      }
    }
  }

  // Writes the results, without gaps.
  void store(const Accumulators& a, char* out, DType dtype, bool empty) const {
    if (compensated()) addLost(a);
    if (dtype == DType::float32 && !wholeNumbers() && !positions()) {
      float* const o = reinterpret_cast<float*>(out);
      for (int64_t i = 0; i < l_.results; i++) o[i] = static_cast<float>(a.values[i].real);
      return;
    }
    for (int64_t i = 0; i < l_.results; i++) {
      if (positions())
        put(out, dtype, i, static_cast<int64_t>(a.positions[i]));
      else if (wholeNumbers())
        // The extreme of nothing is an infinity, which is 0 as a whole number.
        put(out, dtype, i, empty && op_ >= Reduction::max ? 0 : a.values[i].whole);
      else
        put(out, dtype, i, a.values[i].real);
    }
  }

 private:
  static void put(char* out, DType dtype, int64_t i, double x) {
    switch (dtype) {
      case DType::float32:
        reinterpret_cast<float*>(out)[i] = static_cast<float>(x);
        break;
      case DType::float64:
        reinterpret_cast<double*>(out)[i] = x;
        break;
      case DType::int32:
        reinterpret_cast<int32_t*>(out)[i] = fromDouble<int32_t>(x);
        break;
      default:
        reinterpret_cast<uint8_t*>(out)[i] = fromDouble<uint8_t>(x);
    }
  }
  static void put(char* out, DType dtype, int64_t i, int64_t x) {
    switch (dtype) {
      case DType::int32:
        reinterpret_cast<int32_t*>(out)[i] = static_cast<int32_t>(static_cast<uint64_t>(x));
        break;
      case DType::uint8:
      case DType::boolean:
        reinterpret_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(x);
        break;
      default:
        put(out, dtype, i, static_cast<double>(x));
    }
  }

  void addLost(const Accumulators& a) const {
    for (int64_t i = 0; i < l_.results; i++) {
      const double x = a.values[i].real;
      // An infinite sum has lost NaN.
      a.values[i].real = std::abs(x) < HUGE_VAL ? x + a.lost[i] : x;
    }
  }

  void mergeWhole(int64_t& a, int64_t x) const {
    const auto wrapped = [](uint64_t v) { return static_cast<int64_t>(v); };
    const auto ua = static_cast<uint64_t>(a), ux = static_cast<uint64_t>(x);
    a = op_ == Reduction::sum ? wrapped(ua + ux) : op_ == Reduction::prod ? wrapped(ua * ux) : op_ == Reduction::max ? std::max(a, x) : std::min(a, x);
  }

  // Hands a piece on, as many rows at a time as go on in the same way.
  void consume(const Accumulators& into, const char* x, int64_t start, int64_t n) const {
    const int64_t bytes = bytesOf(dtype_), length = l_.shape[0];
    const int64_t next = l_.rank > 1 ? l_.shape[1] : 1;
    while (n > 0) {
      int64_t row = start / length;
      const int64_t within = start - row * length;
      // Where the row goes, and where it is along dimension 1.
      const int64_t second = row % next;
      int64_t at = 0;
      for (int d = 1; d < l_.rank; d++) {
        const int64_t rest = row / l_.shape[d];
        at += (row - rest * l_.shape[d]) * l_.into[d];
        row = rest;
      }
      const bool complete = within == 0 && n >= length;
      const int64_t rows = complete ? std::min(n / length, next - second) : 1;
      const int64_t count = complete ? length : std::min(n, length - within);
      if (l_.reduced[0])
        combine_.rows(shifted(into, at), x, count, rows, within);
      else
        combine_.columns(shifted(into, at + within), x, count, rows, second);
      start += rows * count;
      n -= rows * count;
      x += rows * count * bytes;
    }
  }

  const Reduction op_;
  const DType dtype_;
  const Plan& plan_;
  const Layout& l_;
  const Combiner combine_;
};

// Elements of dimension `rank - 1` in one task, and whether tasks need accumulators of their own.
void reduceParts(const Reducer& r, const Plan& plan, const Layout& l, const Accumulators& all, int64_t chunk, int64_t tasks, bool apart) {
  const int64_t outer = l.shape[l.rank - 1], slice = plan.size() / outer;
  parallelFor(tasks, [&](int64_t t) {
    const int64_t from = t * chunk, to = std::min(outer, from + chunk);
    Accumulators mine = all;
    if (apart) mine = r.shifted(all, t * l.results);
    r.clear(mine, apart ? 0 : from * l.into[l.rank - 1], apart ? l.results : to * l.into[l.rank - 1]);
    r.accumulate(mine, from * slice, to * slice);
  });
  if (!apart) return;
  for (int64_t t = 1; t < tasks; t++) r.merge(all, r.shifted(all, t * l.results));
}

}  // namespace

// Written by `reduce` in native-commands/src/reduce.ts.
void reduceCommand(const double* words) {
  Words w(words);
  const Program& program = programOf(w.integer());
  const auto op = static_cast<Reduction>(w.integer());
  char* const out = w.address();
  const DType outType = w.dtype();
  const int rank = static_cast<int>(w.integer());
  int64_t shape[maxRank];
  bool reduced[maxRank];
  for (int d = 0; d < rank; d++) shape[d] = w.integer();
  for (int d = 0; d < rank; d++) reduced[d] = w.flag();
  const Layout l = layoutOf(rank, shape, reduced);
  Plan plan(program);
  plan.bindInputs(w, rank, shape);
  const Reducer r(op, program, plan, l);
  const int64_t outer = l.shape[l.rank - 1];
  if (plan.size() == 0 || plan.cost() < worthSharing) {
    const Accumulators a = r.allocate(l.results);
    r.clear(a, 0, l.results);
    if (plan.size() > 0) r.accumulate(a, 0, plan.size());
    return r.store(a, out, outType, plan.size() == 0);
  }
  const bool apart = l.reduced[l.rank - 1];
  const int64_t unit = l.rank == 1 ? pieceSize : 1;
  const int64_t wanted = std::min(mostTasks, plan.cost() / taskTime);
  // Parts with results of their own are combined afterwards, which must stay small beside the rest; positions are not combined.
  const int64_t most = !apart ? wanted : r.positions() ? 1 : std::clamp(plan.size() / l.results / 16, int64_t{1}, wanted);
  const int64_t chunk = (((outer + most - 1) / most) + unit - 1) / unit * unit;
  const int64_t tasks = (outer + chunk - 1) / chunk;
  const Accumulators a = r.allocate(apart ? tasks * l.results : l.results);
  reduceParts(r, plan, l, a, chunk, tasks, apart);
  r.store(a, out, outType, false);
}

}  // namespace knet
