#include "device.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

namespace knet {
namespace {

struct Device {
  DeviceInfo info;
  cudaStream_t stream = nullptr;
  bool open = false;
  // cudaMallocAsync takes and gives memory in the order of the stream; old GPUs lack it.
  bool ordered = false;
};
thread_local Device device;
thread_local std::function<void()> giveBack;

// KNET_CUDA_SYNC=1 waits after every launch, so that an error of a kernel is reported by the call that made it.
bool synchronous() {
  static const bool wanted = [] {
    const char* const text = std::getenv("KNET_CUDA_SYNC");
    return text != nullptr && text[0] == '1';
  }();
  return wanted;
}

std::string describe(cudaError_t error, const std::string& what) {
  return what + ": " + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ")";
}

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw GpuError(describe(error, what));
}

// Pinned memory is dear to make: pieces are kept for the next read. Shared by all threads, since reads end on any.
class Staging {
 public:
  void* take(size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto found = free_.lower_bound(bytes);
      if (found != free_.end() && found->first <= 2 * bytes + 4096) {
        void* const memory = found->second;
        sizes_[memory] = found->first;
        kept_ -= found->first;
        free_.erase(found);
        return memory;
      }
    }
    void* memory = nullptr;
    check(cudaMallocHost(&memory, bytes), "pinned memory for a read");
    std::lock_guard<std::mutex> lock(mutex_);
    sizes_[memory] = bytes;
    return memory;
  }

  void give(void* memory) {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t bytes = sizes_[memory];
    sizes_.erase(memory);
    if (kept_ + bytes > mostKept) {
      cudaFreeHost(memory);
      return;
    }
    kept_ += bytes;
    free_.emplace(bytes, memory);
  }

 private:
  static constexpr size_t mostKept = size_t{1} << 26;
  std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  std::map<void*, size_t> sizes_;
  size_t kept_ = 0;
};

Staging& staging() {
  // Never destroyed: CUDA may be gone before the destructors of a process run.
  static Staging* const only = new Staging;
  return *only;
}

}  // namespace

Machine machine() {
  Machine m;
  cudaDriverGetVersion(&m.driver);
  cudaRuntimeGetVersion(&m.runtime);
  const cudaError_t error = cudaGetDeviceCount(&m.devices);
  m.error = static_cast<int>(error);
  if (error != cudaSuccess) {
    m.devices = 0;
    m.message = cudaGetErrorString(error);
    cudaGetLastError();
  }
  return m;
}

void openDevice(int index) {
  if (device.open && device.info.index == index) return;
  closeDevice();
  check(cudaSetDevice(index), "choosing the GPU");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "asking for the GPU's properties");
  int processors = 1, pools = 0;
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, index), "asking for the GPU's processors");
  check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, index), "asking for memory pools");
  device.info = {properties.name, index, properties.major, properties.minor, processors, properties.totalGlobalMem};
  device.ordered = pools != 0;
  if (device.ordered) {
    cudaMemPool_t pool;
    check(cudaDeviceGetDefaultMemPool(&pool, index), "the GPU's memory pool");
    // Memory that was given back stays with this process.
    uint64_t threshold = UINT64_MAX;
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), "the GPU's memory pool");
  }
  check(cudaStreamCreateWithFlags(&device.stream, cudaStreamNonBlocking), "making a stream");
  device.open = true;
}

void closeDevice() {
  if (!device.open) return;
  cudaStreamSynchronize(device.stream);
  cudaStreamDestroy(device.stream);
  device = Device{};
}

const DeviceInfo& deviceInfo() { return device.info; }
cudaStream_t stream() { return device.stream; }

void checkLaunch(const char* kernel) {
  check(cudaGetLastError(), kernel);
  if (synchronous()) check(cudaStreamSynchronize(device.stream), kernel);
}

void* allocate(size_t bytes) {
  void* memory = nullptr;
  const auto attempt = [&] {
    const cudaError_t error = device.ordered ? cudaMallocAsync(&memory, bytes, device.stream) : cudaMalloc(&memory, bytes);
    if (error != cudaSuccess) cudaGetLastError();
    return error;
  };
  cudaError_t error = attempt();
  if (error == cudaErrorMemoryAllocation && device.ordered) {
    // What the pool holds in pieces of other sizes may serve as a whole.
    cudaStreamSynchronize(device.stream);
    cudaMemPool_t pool;
    if (cudaDeviceGetDefaultMemPool(&pool, device.info.index) == cudaSuccess) cudaMemPoolTrimTo(pool, 0);
    error = attempt();
  }
  if (error == cudaErrorMemoryAllocation) {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemory("the GPU has " + std::to_string(free) + " of " + std::to_string(total) + " bytes free and was asked for " +
                      std::to_string(bytes));
  }
  check(error, "allocating memory");
  return memory;
}

void onShortage(std::function<void()> f) { giveBack = std::move(f); }

void* allocateScratch(size_t bytes) {
  try {
    return allocate(bytes);
  } catch (const OutOfMemory&) {
    if (giveBack) giveBack();
  }
  try {
    return allocate(bytes);
  } catch (const OutOfMemory& error) {
    throw OutOfMemory(std::string("out of memory for a kernel itself: ") + error.what() + ". Use smaller batches, or dispose() of arrays.");
  }
}

void release(void* memory) {
  // A block that is not given back in the order of the stream waits until the GPU has come to an end.
  const cudaError_t error = device.ordered ? cudaFreeAsync(memory, device.stream) : cudaFree(memory);
  if (error != cudaSuccess) cudaGetLastError();
}

void memoryInfo(size_t& free, size_t& total) { check(cudaMemGetInfo(&free, &total), "asking for the GPU's memory"); }

void copyIn(void* to, const void* from, size_t bytes) {
  // From pageable memory the bytes have been taken when this returns.
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, device.stream), "copying to the GPU");
}

void copyOut(void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, device.stream), "copying from the GPU");
  synchronize();
}

void copyWithin(void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, device.stream), "copying on the GPU");
}

void clear(void* memory, size_t bytes) { check(cudaMemsetAsync(memory, 0, bytes, device.stream), "clearing memory"); }

void synchronize() { check(cudaStreamSynchronize(device.stream), "waiting for the GPU"); }

PendingRead::PendingRead(const void* from, size_t bytes) : device_(device.info.index), bytes_(bytes) {
  staging_ = staging().take(bytes);
  try {
    check(cudaMemcpyAsync(staging_, from, bytes, cudaMemcpyDeviceToHost, device.stream), "copying from the GPU");
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event");
    check(cudaEventRecord(event_, device.stream), "recording an event");
  } catch (...) {
    cudaStreamSynchronize(device.stream);
    if (event_ != nullptr) cudaEventDestroy(event_);
    staging().give(staging_);
    throw;
  }
}

PendingRead::~PendingRead() {
  if (event_ != nullptr) cudaEventDestroy(event_);
  staging().give(staging_);
}

void PendingRead::wait() {
  check(cudaSetDevice(device_), "choosing the GPU");
  check(cudaEventSynchronize(event_), "waiting for a read");
}

Mark::Mark() : device_(device.info.index) {
  check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event");
  check(cudaEventRecord(event_, device.stream), "recording an event");
}
Mark::~Mark() {
  if (event_ != nullptr) cudaEventDestroy(event_);
}
void Mark::wait() {
  check(cudaSetDevice(device_), "choosing the GPU");
  check(cudaEventSynchronize(event_), "waiting for the GPU");
}

unsigned blocksFor(int64_t elements, unsigned perBlock) {
  const int64_t wanted = (elements + perBlock - 1) / perBlock;
  // Some waves of blocks, so that those which end early make room.
  const int64_t most = int64_t{device.info.processors} * 32;
  return static_cast<unsigned>(std::max<int64_t>(1, std::min(wanted, most)));
}

}  // namespace knet
