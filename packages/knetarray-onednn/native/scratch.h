// Memory of a thread for the duration of one kernel.
#pragma once

#include <cstddef>

namespace knet {

// At least this many bytes, aligned to a cache line; contents undefined. The next call on the thread may move them.
char* scratch(size_t bytes);

}  // namespace knet
