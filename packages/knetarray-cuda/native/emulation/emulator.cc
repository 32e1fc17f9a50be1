#include "emulator.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace knet::emulation {

thread_local Place place;

namespace {

constexpr size_t stackBytes = 256 * 1024;
constexpr unsigned mostThreads = 1024;

#if defined(__x86_64__)
// Saves what a call must preserve on the stack of one fiber, and goes on with another one.
extern "C" void knetSwitchStack(void** from, void* to);
asm(R"(
.text
.type knetSwitchStack, @function
.local knetSwitchStack
knetSwitchStack:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size knetSwitchStack, .-knetSwitchStack
)");
using Context = void*;
void switchTo(Context& from, Context& to) { knetSwitchStack(&from, to); }
void prepare(Context& context, char* stack, void (*entry)()) {
  // Six registers, the address to return to, and the alignment that a called function expects.
  void** top = reinterpret_cast<void**>(stack + stackBytes) - 2;
  top[0] = reinterpret_cast<void*>(entry);
  top[1] = nullptr;
  context = top - 6;
  std::memset(context, 0, 6 * sizeof(void*));
}
#else
using Context = ucontext_t;
void switchTo(Context& from, Context& to) { swapcontext(&from, &to); }
void prepare(Context& context, char* stack, void (*entry)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = stackBytes;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}
#endif

// A barrier among the threads that have not ended.
struct Barrier {
  unsigned live = 0, arrived = 0;
  uint64_t generation = 0;

  void release() {
    arrived = 0;
    generation++;
  }
  void leave() {
    live--;
    if (live > 0 && arrived >= live) release();
  }
};

struct Fiber {
  Context context;
  char* stack = nullptr;
  Index thread;
  unsigned number = 0;
  bool ended = false;
};

// The block that is running on this thread of the processor.
struct Block {
  std::vector<std::unique_ptr<Fiber>> fibers;
  Context scheduler;
  Fiber* running = nullptr;
  const std::function<void()>* body = nullptr;
  Barrier all;
  Barrier warps[mostThreads / 32];
  uint64_t slots[mostThreads / 32][32];
  // Counts barriers passed and threads ended: when it stands still, the threads wait for each other for ever.
  uint64_t progress = 0;

  ~Block() {
    for (const auto& fiber : fibers) munmap(fiber->stack, stackBytes);
  }
};

Block& block() {
  thread_local Block only;
  return only;
}

void yield() {
  Block& b = block();
  switchTo(b.running->context, b.scheduler);
  place.thread = b.running->thread;
}

void wait(Barrier& barrier) {
  const uint64_t generation = barrier.generation;
  if (++barrier.arrived >= barrier.live) {
    barrier.release();
    block().progress++;
    return;
  }
  while (barrier.generation == generation) yield();
}

void runFiber() {
  Block& b = block();
  Fiber& self = *b.running;
  place.thread = self.thread;
  (*b.body)();
  self.ended = true;
  b.all.leave();
  b.warps[self.number / 32].leave();
  b.progress++;
  switchTo(self.context, b.scheduler);
}

// In which order the threads of a block take turns: KNET_CUDA_EMULATION_ORDER is forward, backward or shuffled. A kernel that lacks
// a barrier computes something else in one of them.
enum class Order { forward, backward, shuffled };
Order orderFromEnvironment() {
  const char* const text = std::getenv("KNET_CUDA_EMULATION_ORDER");
  if (text == nullptr || std::strcmp(text, "forward") == 0) return Order::forward;
  if (std::strcmp(text, "backward") == 0) return Order::backward;
  if (std::strcmp(text, "shuffled") == 0) return Order::shuffled;
  throw std::invalid_argument("KNET_CUDA_EMULATION_ORDER is forward, backward or shuffled, not " + std::string(text));
}

void runBlock(const char* kernel, unsigned count, const Size& threads, const std::vector<unsigned>& turns) {
  Block& b = block();
  while (b.fibers.size() < count) {
    auto fiber = std::make_unique<Fiber>();
    void* const stack = mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) throw std::runtime_error("the emulator of CUDA has no memory for its threads");
    fiber->stack = static_cast<char*>(stack);
    b.fibers.push_back(std::move(fiber));
  }
  b.all = Barrier{count};
  for (unsigned i = 0; i < count; i++) {
    Fiber& fiber = *b.fibers[i];
    fiber.number = i;
    fiber.thread = {i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)};
    fiber.ended = false;
    if (i % 32 == 0) b.warps[i / 32] = Barrier{std::min(32u, count - i)};
    prepare(fiber.context, fiber.stack, runFiber);
  }
  unsigned left = count;
  for (unsigned idle = 0; left > 0;) {
    const uint64_t before = b.progress;
    for (const unsigned i : turns) {
      Fiber& fiber = *b.fibers[i];
      if (fiber.ended) continue;
      b.running = &fiber;
      place.thread = fiber.thread;
      switchTo(b.scheduler, fiber.context);
      if (fiber.ended) left--;
    }
    idle = b.progress == before ? idle + 1 : 0;
    if (idle > 2) {
      // The stacks of the fibers cannot be unwound: the process is of no use any more.
      std::fprintf(stderr, "CUDA emulation: %s: some threads wait at a barrier that the others never reach\n", kernel);
      std::abort();
    }
  }
}

}  // namespace

void blockBarrier() { wait(block().all); }
void warpBarrier() { wait(block().warps[block().running->number / 32]); }
uint64_t* warpSlots() { return block().slots[block().running->number / 32]; }
unsigned lane() { return block().running->number % 32; }

void launch(const char* kernel, Size blocks, Size threads, bool barriers, const std::function<void()>& body) {
  const unsigned count = threads.x * threads.y * threads.z;
  // What a GPU refuses as well.
  const bool possible = count > 0 && count <= mostThreads && threads.z <= 64 && blocks.x > 0 && blocks.x <= 0x7fffffffu &&
                        blocks.y > 0 && blocks.y <= 65535 && blocks.z > 0 && blocks.z <= 65535;
  if (!possible) throw std::runtime_error(std::string(kernel) + ": a launch of impossible size");
  const Order order = orderFromEnvironment();
  std::vector<unsigned> turns(count);
  std::iota(turns.begin(), turns.end(), 0u);
  if (order == Order::backward) std::reverse(turns.begin(), turns.end());
  std::mt19937 random(12345);
  place.threads = {threads.x, threads.y, threads.z};
  place.blocks = {blocks.x, blocks.y, blocks.z};
  block().body = &body;
  const uint64_t all = uint64_t{blocks.x} * blocks.y * blocks.z;
  for (uint64_t k = 0; k < all; k++) {
    const uint64_t b = order == Order::forward ? k : all - 1 - k;
    place.block = {static_cast<unsigned>(b % blocks.x), static_cast<unsigned>(b / blocks.x % blocks.y),
                   static_cast<unsigned>(b / blocks.x / blocks.y)};
    if (order == Order::shuffled) std::shuffle(turns.begin(), turns.end(), random);
    if (barriers) {
      runBlock(kernel, count, threads, turns);
      continue;
    }
    for (const unsigned i : turns) {
      place.thread = {i % threads.x, i / threads.x % threads.y, i / (threads.x * threads.y)};
      body();
    }
  }
}

}  // namespace knet::emulation
