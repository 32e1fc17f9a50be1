// Element types and strided views, as the array layer describes them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace knet {

enum class DType : int32_t { float32 = 0, float64 = 1, int32 = 2, uint8 = 3, boolean = 4 };

inline int64_t bytesOf(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return 8;
    case DType::uint8:
    case DType::boolean:
      return 1;
    default:
      return 4;
  }
}

// Most dimensions of a view, after those that lie in one run have been merged.
inline constexpr int maxRank = 32;

// Elements of memory seen through a shape, the fastest dimension first. Strides count elements; 0 repeats.
struct View {
  char* data;  // the element at position 0
  DType dtype;
  int rank;
  int64_t shape[maxRank];
  int64_t strides[maxRank];

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  int64_t size() const {
    int64_t n = 1;
    for (int d = 0; d < rank; d++) n *= shape[d];
    return n;
  }
};

}  // namespace knet
