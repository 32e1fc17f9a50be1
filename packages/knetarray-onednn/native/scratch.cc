#include "scratch.h"

#include <cstdint>
#include <memory>

namespace knet {
namespace {

constexpr size_t alignment = 64;

struct Memory {
  std::unique_ptr<char[]> bytes;
  char* aligned = nullptr;
  size_t size = 0;
};
thread_local Memory memories[static_cast<size_t>(Purpose::count)];

}  // namespace

char* scratch(Purpose purpose, size_t bytes) {
  Memory& memory = memories[static_cast<size_t>(purpose)];
  if (bytes > memory.size) {
    memory.bytes.reset(new char[bytes + alignment]);
    const auto base = reinterpret_cast<uintptr_t>(memory.bytes.get());
    memory.aligned = memory.bytes.get() + (alignment - base % alignment) % alignment;
    memory.size = bytes;
  }
  return memory.aligned;
}

}  // namespace knet
