// Memory that a thread keeps between calls, so that kernels allocate nothing once they are warm.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace knet {

// Grows as needed, in whole pages. Declare instances `static thread_local`, one for each purpose.
class GrowingMemory {
 public:
  GrowingMemory() = default;
  GrowingMemory(const GrowingMemory&) = delete;
  GrowingMemory& operator=(const GrowingMemory&) = delete;
  ~GrowingMemory() { std::free(memory_); }

  // Memory for `count` elements, contents undefined, valid until the next call. Throws std::bad_alloc.
  template <class T>
  T* get(size_t count) {
    const size_t bytes = (count * sizeof(T) + pageBytes) / pageBytes * pageBytes;
    // What one unusual call needed is not kept for ever.
    if (bytes > capacity_ || (capacity_ > keptBytes && bytes <= keptBytes)) {
      std::free(memory_);
      capacity_ = 0;
      memory_ = std::aligned_alloc(pageBytes, bytes);
      if (memory_ == nullptr) throw std::bad_alloc();
      capacity_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  static constexpr size_t pageBytes = 4096;
  static constexpr size_t keptBytes = size_t{16} << 20;
  void* memory_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace knet
