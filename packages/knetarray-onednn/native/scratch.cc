#include "scratch.h"

#include "growing_memory.h"

namespace knet {

void* scratch(Scratch use, size_t bytes) {
  static thread_local GrowingMemory pieces[static_cast<int>(Scratch::count)];
  return pieces[static_cast<int>(use)].get<char>(bytes);
}

}  // namespace knet
