// A pool of threads that kernels share. How work is divided must never depend on the number of threads, so that results do not.
#pragma once

#include <cstdint>
#include <type_traits>

namespace knet {

// Threads that work on a parallel region, the caller included.
int threadCount();

// Sets that number, 1 or more; what runs now is not affected.
void setThreadCount(int count);

// What the pool's first helper does between regions until there is nothing left and it sleeps. `step` returns whether there was
// something to do.
void setBackground(bool (*step)());

// Has it look again.
void wakeHelper();

// Takes tasks of the region that another thread runs just now; returns whether there were some.
bool help();

namespace detail {
using Task = void (*)(void* context, int64_t index);
void run(int64_t count, Task task, void* context);
}  // namespace detail

// Runs task(i) for every i of 0 .. count-1, some of them at the same time, and returns when all are done. Tasks write to
// places of their own. A count of 1 never wakes a thread, and while another caller has the pool its tasks run here, one after
// the other: a kernel that is not worth a few microseconds of waking should make one task. Tasks must not throw.
template <class F>
void parallelFor(int64_t count, F&& task) {
  using Function = std::remove_reference_t<F>;
  if (count == 1) {
    task(int64_t{0});
    return;
  }
  detail::run(
      count, [](void* context, int64_t index) { (*static_cast<Function*>(context))(index); },
      const_cast<void*>(static_cast<const void*>(&task)));
}

}  // namespace knet
