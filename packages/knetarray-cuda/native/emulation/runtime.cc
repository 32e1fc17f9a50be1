#include "runtime.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

namespace {

// Bytes that may be allocated: KNET_CUDA_EMULATION_BYTES, to test what happens when there are no more.
size_t capacity() {
  const char* const text = std::getenv("KNET_CUDA_EMULATION_BYTES");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : size_t{1} << 33;
}

// Whether there is a GPU: KNET_CUDA_EMULATION_FAULT names one of the ways in which a machine may have none.
bool faultIs(const char* name) {
  const char* const text = std::getenv("KNET_CUDA_EMULATION_FAULT");
  return text != nullptr && std::strcmp(text, name) == 0;
}

struct Heap {
  std::mutex mutex;
  std::unordered_map<void*, size_t> blocks;
  size_t used = 0;
};

Heap& heap() {
  // Never destroyed: worker threads may end after it.
  static Heap* const only = new Heap;
  return *only;
}

cudaError_t allocate(void** memory, size_t bytes) {
  Heap& h = heap();
  std::lock_guard<std::mutex> lock(h.mutex);
  if (h.used + bytes > capacity()) return cudaErrorMemoryAllocation;
  void* block = nullptr;
  // Not a byte more than was asked for: AddressSanitizer is to see what reaches beyond.
  if (posix_memalign(&block, 256, bytes) != 0) return cudaErrorMemoryAllocation;
  // A float or double of these bytes is NaN: who reads what nobody wrote will see it.
  std::memset(block, 0xff, bytes);
  h.blocks[block] = bytes;
  h.used += bytes;
  *memory = block;
  return cudaSuccess;
}

cudaError_t release(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  Heap& h = heap();
  std::lock_guard<std::mutex> lock(h.mutex);
  const auto block = h.blocks.find(memory);
  if (block == h.blocks.end()) std::abort();
  h.used -= block->second;
  h.blocks.erase(block);
  std::free(memory);
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaDriverGetVersion(int* version) {
  *version = faultIs("no driver") ? 0 : faultIs("old driver") ? 11040 : 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (faultIs("no driver") || faultIs("old driver")) return cudaErrorInsufficientDriver;
  if (faultIs("no device")) return cudaErrorNoDevice;
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "emulation on the processor");
  properties->totalGlobalMem = capacity();
  properties->major = 0;
  properties->minor = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrMultiProcessorCount ? 2 : 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t error) { return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaError"; }
const char* cudaGetErrorString(cudaError_t error) { return error == cudaErrorMemoryAllocation ? "out of memory" : "error"; }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaSuccess; }
cudaError_t cudaMalloc(void** memory, size_t bytes) { return allocate(memory, bytes); }
cudaError_t cudaFree(void* memory) { return release(memory); }
cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) { return allocate(memory, bytes); }
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) { return release(memory); }
cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  Heap& h = heap();
  std::lock_guard<std::mutex> lock(h.mutex);
  *total = capacity();
  *free = *total - h.used;
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t) {
  std::memset(memory, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = nullptr;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
