#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "plan.h"

namespace knet {
namespace {

// Picoseconds: below the first, waking another thread does not pay; tasks take about the second.
constexpr int64_t worthSharing = 10'000'000;
constexpr int64_t taskTime = 5'000'000;

}  // namespace

// Written by `map` in native-commands/src/programs.ts, or src/dense-programs.ts.
void mapCommand(const double* words) {
  Words w(words);
  Plan plan(programOf(w.integer()));
  const int rank = static_cast<int>(w.integer());
  if (rank < 0) {
    const int64_t size = w.integer();
    plan.bindDense(w, size);
  } else {
    int64_t shape[maxRank];
    for (int d = 0; d < rank; d++) shape[d] = w.integer();
    plan.bindStrided(w, rank, shape);
  }
  const int64_t size = plan.size();
  if (plan.cost() < worthSharing) return plan.run(0, size);
  // Whole blocks, and a number of tasks that the size alone decides.
  const int64_t blocks = (size + plan.block() - 1) / plan.block();
  const int64_t each = std::max<int64_t>(1, blocks * taskTime / plan.cost());
  const int64_t chunk = each * plan.block();
  parallelFor((size + chunk - 1) / chunk, [&](int64_t i) { plan.run(i * chunk, std::min(size, (i + 1) * chunk)); });
}

}  // namespace knet
