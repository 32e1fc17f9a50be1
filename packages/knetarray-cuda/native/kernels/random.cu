// Random elements: element i depends on the key and i only. A thread makes those of one block of words.
#include "../device.h"
#include "../kernels.h"
#include "../operations.h"
#include "../philox.h"
#include "../words.h"

namespace knet {
namespace {

constexpr int threads = 256;

// Elements of one block of words; alignment lets them be stored at once.
template <class T>
struct alignas(16) Elements {
  static constexpr int count = 16 / sizeof(T);
  T at[count];
};

// Uniform elements: multiples of 2^-24 from a word each, or of 2^-53 from two.
__device__ inline Elements<float> uniforms(const uint32_t (&words)[4], float) {
  Elements<float> out;
  KNET_UNROLL
  for (int i = 0; i < 4; i++) out.at[i] = static_cast<float>(words[i] >> 8) * 0x1p-24f;
  return out;
}
__device__ inline Elements<double> uniforms(const uint32_t (&words)[4], double) {
  Elements<double> out;
  KNET_UNROLL
  for (int i = 0; i < 2; i++) {
    const double high = static_cast<double>(words[2 * i] >> 5), low = static_cast<double>(words[2 * i + 1] >> 6);
    out.at[i] = (high * 0x1p26 + low) * 0x1p-53;
  }
  return out;
}

// Box and Muller: pairs of uniform elements become pairs of normal ones. 1 - u is exact and not 0, 2 v is exact.
template <class T>
__device__ Elements<T> normals(Elements<T> x) {
  KNET_UNROLL
  for (int i = 0; i < Elements<T>::count; i += 2) {
    const T r = function::sqrt(T(-2) * function::log(T(1) - x.at[i]));
    const T turn = T(2) * x.at[i + 1];
    x.at[i] = r * function::cospi(turn);
    x.at[i + 1] = r * function::sinpi(turn);
  }
  return x;
}

template <class T, bool normal>
__global__ void __launch_bounds__(threads) randomKernel(PhiloxKey key, int64_t count, bool aligned, T* y) {
  constexpr int each = Elements<T>::count;
  const int64_t blocks = (count + each - 1) / each, step = int64_t{gridDim.x} * threads;
  for (int64_t b = int64_t{blockIdx.x} * threads + threadIdx.x; b < blocks; b += step) {
    uint32_t words[4];
    philox(static_cast<uint64_t>(b), key, words);
    Elements<T> x = uniforms(words, T());
    if constexpr (normal) x = normals(x);
    const int64_t first = b * each;
    if (aligned && first + each <= count) {
      *reinterpret_cast<Elements<T>*>(y + first) = x;
    } else {
      KNET_UNROLL
      for (int i = 0; i < each; i++) {
        if (first + i < count) y[first + i] = x.at[i];
      }
    }
  }
}

template <class T>
void run(bool normal, PhiloxKey key, int64_t count, char* out) {
  const unsigned blocks = blocksFor((count + Elements<T>::count - 1) / Elements<T>::count, threads);
  const bool aligned = reinterpret_cast<uintptr_t>(out) % sizeof(Elements<T>) == 0;
  T* const y = reinterpret_cast<T*>(out);
  if (normal) KNET_LAUNCH_FREE((randomKernel<T, true>), blocks, threads, stream(), key, count, aligned, y);
  else KNET_LAUNCH_FREE((randomKernel<T, false>), blocks, threads, stream(), key, count, aligned, y);
}

}  // namespace

// Written by native-commands/src/random.ts.
void randomCommand(const double* words) {
  Words w(words);
  const DType dtype = w.dtype();
  const bool normal = w.flag();
  PhiloxKey key;
  key.low = static_cast<uint32_t>(w.integer());
  key.high = static_cast<uint32_t>(w.integer());
  char* const out = w.address();
  const int64_t count = w.integer();
  if (count == 0) return;
  if (dtype == DType::float64) run<double>(normal, key, count, out);
  else run<float>(normal, key, count, out);
}

}  // namespace knet
