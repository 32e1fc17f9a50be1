// CUDA on the processor, for tests on machines without a GPU: the words of the language, and the part of the runtime interface that
// device.cc uses. Each thread of a block is a fiber; a barrier hands over to the next one. Memory is ordinary memory, so that
// AddressSanitizer sees every access, and new memory is full of NaNs.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "functions.h"
#include "runtime.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define KNET_SHARED static thread_local

namespace knet::emulation {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
// Where the running fiber is; see the variables of CUDA below.
struct Place {
  Index thread, block, threads, blocks;
};
extern thread_local Place place;

struct Size {
  unsigned x, y, z;
  Size(unsigned x, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// Runs a kernel on every thread of every block, block after block. With barriers, each thread gets a fiber.
void launch(const char* kernel, Size blocks, Size threads, bool barriers, const std::function<void()>& body);

// Waits for all threads of the block, or of the warp, that have not ended.
void blockBarrier();
void warpBarrier();

// What the threads of a warp show each other; 32 places of 8 bytes.
uint64_t* warpSlots();
unsigned lane();

template <class T>
T exchange(T value, unsigned from) {
  uint64_t* const slots = warpSlots();
  __builtin_memcpy(&slots[lane()], &value, sizeof(T));
  warpBarrier();
  T result;
  __builtin_memcpy(&result, &slots[from & 31], sizeof(T));
  warpBarrier();
  return result;
}

}  // namespace knet::emulation

#define threadIdx (::knet::emulation::place.thread)
#define blockIdx (::knet::emulation::place.block)
#define blockDim (::knet::emulation::place.threads)
#define gridDim (::knet::emulation::place.blocks)
using dim3 = knet::emulation::Size;

inline void __syncthreads() { knet::emulation::blockBarrier(); }
inline void __syncwarp(unsigned = 0xffffffffu) { knet::emulation::warpBarrier(); }
template <class T>
T __shfl_sync(unsigned, T value, int from) {
  return knet::emulation::exchange(value, static_cast<unsigned>(from));
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return knet::emulation::exchange(value, knet::emulation::lane() ^ static_cast<unsigned>(mask));
}
template <class T>
T __shfl_down_sync(unsigned, T value, int by) {
  const unsigned from = knet::emulation::lane() + static_cast<unsigned>(by);
  return knet::emulation::exchange(value, from < 32 ? from : knet::emulation::lane());
}

#define KNET_LAUNCH(kernel, blocks, threads, stream, ...) \
  ::knet::emulation::launch(#kernel, (blocks), (threads), true, [&] { kernel(__VA_ARGS__); }), static_cast<void>(stream)
#define KNET_LAUNCH_FREE(kernel, blocks, threads, stream, ...) \
  ::knet::emulation::launch(#kernel, (blocks), (threads), false, [&] { kernel(__VA_ARGS__); }), static_cast<void>(stream)
