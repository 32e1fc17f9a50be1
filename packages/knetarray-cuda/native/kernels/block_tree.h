// Combining what the threads of a block have found.
#pragma once

#include "../launch.h"

namespace knet {

// Combines `parts` things, a power of two, of the threads whose places in shared memory are `stride` apart; a thread has number `part`
// of them. merge(a, b) adds b to a; always the same pairs meet. All of these threads have the result then, but for those with nothing
// of their own to tell. Every thread of a block of at most `size` calls it, once in a kernel.
template <int size, class T, class F>
__device__ void combineParts(T& x, int parts, int part, int stride, int place, bool mine, F merge) {
  KNET_SHARED T shared[size];
  if (parts < 2) return;
  if (mine) shared[place] = x;
  __syncthreads();
  for (int half = parts >> 1; half > 0; half >>= 1) {
    if (mine && part < half) merge(shared[place], shared[place + half * stride]);
    __syncthreads();
  }
  if (mine) x = shared[place - part * stride];
}

}  // namespace knet
