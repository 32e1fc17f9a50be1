// Memory that kernels need for a moment.
#pragma once

#include <cstddef>

namespace knet {

// What a piece of scratch is for: pieces of different use can be held at the same time.
enum class Scratch { shared, mine, blocks, accumulators, choices, count };

// At least so many bytes of this thread, aligned to pages, with undefined contents. They are the same at the next call for the
// same use, so a caller is done with them before it calls anything that may ask again. Throws std::bad_alloc.
void* scratch(Scratch use, size_t bytes);

}  // namespace knet
