// Memory of a thread for the duration of one kernel.
#pragma once

#include <cstddef>

namespace knet {

// Who asks: a kernel and the programs it runs need memory at the same time.
enum class Purpose { blocks, accumulators, count };

// At least this many bytes, aligned to a cache line; contents undefined. The next call for the purpose may move them.
char* scratch(Purpose purpose, size_t bytes);

}  // namespace knet
