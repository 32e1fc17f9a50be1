#include "queue.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "parallel.h"

namespace knet {
namespace {

// Numbers of the longest command that may wait, and of commands that do.
constexpr size_t slotWords = 127;
constexpr uint64_t slots = 64;

// With so many the owner computes as well, until half of them are left: the helper then has enough to do for the next while.
constexpr uint64_t full = 48, enough = 24;

// Fewer are not worth waking a thread: whoever waits for them computes them itself.
constexpr uint64_t worthWaking = 4;

// Commands that take less than so many ticks of the clock on average, about a microsecond, are computed at once: handing them over
// takes as long, and a helper that looks for them keeps the other threads of Node from a processor.
constexpr int64_t worthHanding = 3000;

// The average goes over so many commands, about.
constexpr int64_t remembered = 16;

struct alignas(64) Slot {
  Kernel kernel;
  double words[slotWords];
};

class Queue {
 public:
  // Whether commands that come now are better computed at once: none waits, and they are short.
  bool idle() const { return ticks_.load(std::memory_order_relaxed) < worthHanding && left() == 0; }

  void run(Kernel kernel, const double* words) {
    const int64_t start = now();
    kernel(words);
    learn(now() - start);
  }

  void push(Kernel kernel, const double* words, size_t count) {
    const uint64_t next = submitted_.load(std::memory_order_relaxed);
    Slot& slot = slots_[next % slots];
    slot.kernel = kernel;
    std::copy(words, words + count, slot.words);
    submitted_.store(next + 1, std::memory_order_release);
    // How far the helper is costs a look into its cache: not more often than needed.
    if (next + 1 - known_ >= worthWaking) {
      known_ = finished_.load(std::memory_order_acquire);
      const uint64_t waiting = next + 1 - known_;
      if (waiting >= worthWaking) wakeHelper();
      if (waiting >= full) computeUntil(enough);
    }
    if (failed_.load(std::memory_order_relaxed)) wait();
  }

  void wait() {
    computeUntil(0);
    if (!failed_.load(std::memory_order_acquire)) return;
    const std::exception_ptr error = error_;
    error_ = nullptr;
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(error);
  }

  // Computes the next command, unless there is none or another thread is at it.
  bool step() {
    if (left() == 0 || busy_.load(std::memory_order_relaxed) || busy_.exchange(true, std::memory_order_acquire)) return false;
    const uint64_t next = finished_.load(std::memory_order_relaxed);
    const bool some = next != submitted_.load(std::memory_order_acquire);
    if (some) {
      compute(slots_[next % slots]);
      finished_.store(next + 1, std::memory_order_release);
    }
    busy_.store(false, std::memory_order_release);
    return some;
  }

 private:
  static int64_t now() { return static_cast<int64_t>(__rdtsc()); }

  // Commands are computed one at a time, so that nobody else writes.
  void learn(int64_t ticks) {
    const int64_t average = ticks_.load(std::memory_order_relaxed);
    ticks_.store(average + (ticks - average) / remembered, std::memory_order_relaxed);
  }

  uint64_t left() const { return submitted_.load(std::memory_order_acquire) - finished_.load(std::memory_order_acquire); }

  // Computes, or helps to, until so many are left.
  void computeUntil(uint64_t most) {
    while (left() > most) {
      if (!step() && !help()) _mm_pause();
    }
  }

  void compute(const Slot& slot) {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      run(slot.kernel, slot.words);
    } catch (...) {
      error_ = std::current_exception();
      failed_.store(true, std::memory_order_release);
    }
  }

  Slot slots_[slots];
  // What the owner writes, what the thread that computes a command writes, and what hardly anyone does have cache lines of their own.
  alignas(64) std::atomic<uint64_t> submitted_{0};
  uint64_t known_ = 0;
  alignas(64) std::atomic<uint64_t> finished_{0};
  std::atomic<bool> busy_{false};
  std::atomic<int64_t> ticks_{0};
  alignas(64) std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

Queue& queue() {
  // Never destroyed: the helper may look into it while the process ends.
  static Queue* const instance = new Queue;
  return *instance;
}

std::atomic<bool> owned{false};
thread_local bool owner = false;

}  // namespace

bool ownQueue() {
  if (owner || owned.exchange(true)) return owner;
  setBackground([] { return queue().step(); });
  return owner = true;
}

void leaveQueue() {
  if (!owner) return;
  try {
    waitForCommands();
  } catch (...) {
    // The thread ends: nobody is left who could be told.
  }
  owner = false;
  owned = false;
}

void submit(Kernel kernel, const double* words, size_t count) {
  if (!owner) return kernel(words);
  if (count > 0 && count <= slotWords && threadCount() > 1 && !queue().idle()) return queue().push(kernel, words, count);
  queue().wait();
  queue().run(kernel, words);
}

void waitForCommands() {
  if (owner) queue().wait();
}

}  // namespace knet
