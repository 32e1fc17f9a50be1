#include "parallel.h"

#include <immintrin.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace knet {
namespace {

// A thread that has just worked looks for more for this long before it sleeps: between two kernels of a training step lie
// some microseconds, and waking a sleeping thread takes longer than most kernels.
constexpr std::chrono::microseconds spinTime{150};

// One parallel region. The caller takes tasks from the front and helpers take them from the back (every other one, where there are
// several), so that in the next region over the same array a thread mostly meets what is in its own cache. A thread that comes
// late finds none left.
class Region {
 public:
  Region(detail::Task task, void* context, int64_t count) : task_(task), context_(context), count_(count), left_(pack(0, count)) {}

  // Whether there were tasks.
  bool work(bool front) {
    int64_t finished = 0;
    for (int64_t i; (i = take(front)) >= 0; finished++) task_(context_, i);
    if (finished > 0) done_.fetch_add(finished, std::memory_order_release);
    return finished > 0;
  }
  bool done() const { return done_.load(std::memory_order_acquire) == count_; }

 private:
  // First and end of the tasks that are left.
  static uint64_t pack(int64_t first, int64_t end) { return static_cast<uint64_t>(first) << 32 | static_cast<uint64_t>(end); }

  // A task, or -1 when none is left.
  int64_t take(bool front) {
    uint64_t left = left_.load(std::memory_order_relaxed);
    for (;;) {
      const int64_t first = static_cast<int64_t>(left >> 32), end = static_cast<int64_t>(left & 0xffffffff);
      if (first >= end) return -1;
      const uint64_t rest = front ? pack(first + 1, end) : pack(first, end - 1);
      if (left_.compare_exchange_weak(left, rest, std::memory_order_relaxed)) return front ? first : end - 1;
    }
  }

  const detail::Task task_;
  void* const context_;
  const int64_t count_;
  std::atomic<uint64_t> left_;
  std::atomic<int64_t> done_{0};
};

class Pool {
 public:
  Pool() : count_(defaultCount()) {}

  int count() const { return count_.load(std::memory_order_relaxed); }
  void setCount(int count) { count_.store(std::max(1, count), std::memory_order_relaxed); }

  void setBackground(bool (*step)()) { background_.store(step); }

  void wakeFirst() {
    if (!firstSleeps_.load(std::memory_order_relaxed)) return;
    start(1);
    std::lock_guard<std::mutex> lock(mutex_);
    firstSleeps_.store(false, std::memory_order_relaxed);
    // An epoch without a region: the others look, and sleep again.
    epoch_.fetch_add(1);
    wake_.notify_all();
  }

  bool help() {
    return region_.load() != nullptr && join(false);
  }

  void run(int64_t count, detail::Task task, void* context) {
    // Numbers of tasks are packed into 32 bits: nobody cuts work that fine.
    const int helpers = count > INT32_MAX ? 0 : static_cast<int>(std::min<int64_t>(this->count(), count)) - 1;
    // One region at a time: a second caller (another worker thread) computes its tasks itself.
    if (helpers <= 0 || !owner_.try_lock()) {
      for (int64_t i = 0; i < count; i++) task(context, i);
      return;
    }
    // The first helper does not help itself. Another one may stand in for it, but not one more than there are to be threads: the
    // thread that left it this work takes part when it waits.
    const int wanted = isFirst ? std::min(helpers + 1, this->count() - 1) : helpers;
    start(wanted);
    Region region(task, context, count);
    wanted_.store(wanted, std::memory_order_relaxed);
    region_.store(&region);
    epoch_.fetch_add(1);
    if (sleeping_.load() > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      wake_.notify_all();
    }
    region.work(true);
    while (!region.done()) _mm_pause();
    // The region lives on this stack: nobody may look at it any more once this returns.
    region_.store(nullptr);
    while (inside_.load() > 0) _mm_pause();
    owner_.unlock();
  }

 private:
  static int defaultCount() {
    const char* wanted = std::getenv("KNET_NUM_THREADS");
    if (wanted != nullptr && std::atoi(wanted) > 0) return std::atoi(wanted);
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }

  void start(int helpers) {
    if (started_.load(std::memory_order_acquire) >= helpers) return;
    std::lock_guard<std::mutex> lock(mutex_);
    while (started_.load(std::memory_order_relaxed) < helpers) {
      const int index = started_.fetch_add(1, std::memory_order_release);
      // The threads live as long as the process: worker threads of Node come and go, and share them.
      std::thread([this, index] { serve(index); }).detach();
    }
  }

  void serve(int index) {
    isFirst = index == 0;
    uint64_t seen = 0;
    for (;;) {
      seen = waitForEpoch(seen);
      if (index >= wanted_.load(std::memory_order_relaxed)) continue;
      join(index % 2 == 1);
    }
  }

  // Works in the region that is there, which lives on as long as somebody is inside.
  bool join(bool front) {
    inside_.fetch_add(1);
    Region* region = region_.load();
    const bool some = region != nullptr && region->work(front);
    inside_.fetch_sub(1);
    return some;
  }

  uint64_t waitForEpoch(uint64_t seen) {
    auto end = std::chrono::steady_clock::now() + spinTime;
    for (int i = 0;; i++) {
      const uint64_t epoch = epoch_.load();
      if (epoch != seen) return epoch;
      if (isFirst && background()) end = std::chrono::steady_clock::now() + spinTime;
      _mm_pause();
      if (i % 64 == 63 && std::chrono::steady_clock::now() > end) break;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    sleeping_.fetch_add(1);
    if (isFirst) firstSleeps_.store(true, std::memory_order_relaxed);
    wake_.wait(lock, [&] { return epoch_.load() != seen; });
    if (isFirst) firstSleeps_.store(false, std::memory_order_relaxed);
    sleeping_.fetch_sub(1);
    return epoch_.load();
  }

  bool background() const {
    bool (*const step)() = background_.load(std::memory_order_relaxed);
    return step != nullptr && step();
  }

  // Whether this thread is the first helper.
  static thread_local bool isFirst;

  std::atomic<int> count_;
  std::atomic<Region*> region_{nullptr};
  std::atomic<uint64_t> epoch_{0};
  std::atomic<int> wanted_{0};
  std::atomic<int> inside_{0};
  std::atomic<int> sleeping_{0};
  std::atomic<int> started_{0};
  std::atomic<bool (*)()> background_{nullptr};
  // Whether the first helper sleeps, or was not started.
  std::atomic<bool> firstSleeps_{true};
  std::mutex owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
};

thread_local bool Pool::isFirst = false;

Pool& pool() {
  // Never destroyed: its threads may still wait on it while the process ends.
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

int threadCount() { return pool().count(); }
void setThreadCount(int count) { pool().setCount(count); }

void setBackground(bool (*step)()) { pool().setBackground(step); }
void wakeHelper() { pool().wakeFirst(); }
bool help() { return pool().help(); }

namespace detail {
void run(int64_t count, Task task, void* context) {
  if (count > 0) pool().run(count, task, context);
}
}  // namespace detail

}  // namespace knet
