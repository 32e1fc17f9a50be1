// What is to know of the processor's caches.
#pragma once

namespace knet {

// How many lines that belong in the same place the first data cache keeps; the least that is usual where the system does not say.
int firstCacheWays();

}  // namespace knet
