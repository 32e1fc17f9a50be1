#include "cache.h"

#include <unistd.h>

namespace knet {

int firstCacheWays() {
  static const long ways = sysconf(_SC_LEVEL1_DCACHE_ASSOC);
  return ways > 0 ? static_cast<int>(ways) : 8;
}

}  // namespace knet
