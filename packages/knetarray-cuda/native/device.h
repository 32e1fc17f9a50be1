// The GPU of this thread of Node: its stream, its memory, and what went wrong. Only device.cc calls the CUDA runtime for it.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "launch.h"

namespace knet {

// What the GPU reported. After most of these nothing can be computed any more; `lost` says so.
struct GpuError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// There was no memory: the array layer looks for dropped arrays and tries once more.
struct OutOfMemory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What is known of the GPUs of this machine.
struct Machine {
  int driver = 0;   // as CUDA counts: 12040 is 12.4; 0 without a driver
  int runtime = 0;  // the version of CUDA that this was built with
  int devices = 0;
  int error = 0;  // of counting the devices
  std::string message;
};
Machine machine();

// Chooses the GPU of this thread and makes its stream. @throws GpuError
void openDevice(int index);
// Gives the stream of this thread back.
void closeDevice();

struct DeviceInfo {
  std::string name;
  int index, major, minor, processors;
  size_t bytes;
};
const DeviceInfo& deviceInfo();

// The stream on which this thread has everything done.
cudaStream_t stream();

// Memory of the GPU; it may be given back while kernels that use it are still enqueued.
void* allocate(size_t bytes);
void release(void* memory);
// Bytes that the GPU has free, and all that it has.
void memoryInfo(size_t& free, size_t& total);

// Memory for a kernel itself. When there is none, what the array layer keeps for reuse is given back first.
void* allocateScratch(size_t bytes);
// How that is done in this thread; nullptr where it cannot be.
void onShortage(std::function<void()> giveBack);

// Memory that a kernel needs for itself, until the end of the scope.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : data_(bytes > 0 ? allocateScratch(bytes) : nullptr) {}
  ~Scratch() { if (data_ != nullptr) release(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_;
};

// Copies to the GPU; `from` may be changed afterwards.
void copyIn(void* to, const void* from, size_t bytes);
// Copies from the GPU, and waits until the bytes are there.
void copyOut(void* to, const void* from, size_t bytes);
// Copies from one place on the GPU to another.
void copyWithin(void* to, const void* from, size_t bytes);
// Makes every byte 0.
void clear(void* memory, size_t bytes);
// Waits until everything enqueued so far is done.
void synchronize();

// A copy to the host that is under way: bytes in pinned memory, once `wait` has returned. `wait` may be called on any thread.
class PendingRead {
 public:
  PendingRead(const void* from, size_t bytes);
  ~PendingRead();
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  void wait();
  const void* data() const { return staging_; }
  size_t bytes() const { return bytes_; }

 private:
  int device_;
  size_t bytes_;
  void* staging_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

// A mark in the stream; `wait` returns when everything before it is done, and may be called on any thread.
class Mark {
 public:
  Mark();
  ~Mark();
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  void wait();

 private:
  int device_;
  cudaEvent_t event_ = nullptr;
};

// Blocks for a grid-stride loop over so many elements: enough to fill the GPU, and no more.
unsigned blocksFor(int64_t elements, unsigned perBlock);

}  // namespace knet
