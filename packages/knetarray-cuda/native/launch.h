// What kernels need of the compiler: CUDA's own words, or those of the emulator, which runs kernels on the processor.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#include <cuda_runtime.h>

// A kernel on so many blocks of so many threads. Put the name of a template into parentheses.
#define KNET_LAUNCH(kernel, blocks, threads, stream, ...)        \
  do {                                                           \
    kernel<<<(blocks), (threads), 0, (stream)>>>(__VA_ARGS__);   \
    ::knet::checkLaunch(#kernel);                                \
  } while (0)
// The same for kernels whose threads do not wait for each other: the emulator needs no fibers for them.
#define KNET_LAUNCH_FREE KNET_LAUNCH
#define KNET_SHARED __shared__
#define KNET_UNROLL _Pragma("unroll")
#define KNET_NOINLINE __noinline__
#define KNET_HOST_DEVICE __host__ __device__
#elif defined(KNET_CUDA)
// For the parts without kernels that another compiler than nvcc translates.
#include <cuda_runtime_api.h>
#else
#include "emulation/emulator.h"
#define KNET_HOST_DEVICE
#define KNET_UNROLL
#define KNET_NOINLINE
#endif

namespace knet {

// Throws when the kernel that was just launched could not be.
void checkLaunch(const char* kernel);

// Threads of a warp.
inline constexpr int warpSize = 32;
inline constexpr unsigned allLanes = 0xffffffffu;

}  // namespace knet
