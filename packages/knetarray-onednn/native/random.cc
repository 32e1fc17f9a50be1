// Random elements: element i depends on the key and i only.
#include "random.h"

#include "kernels.h"
#include "parallel.h"
#include "slices.h"
#include "words.h"

namespace knet {
namespace {

// Elements that one task makes.
constexpr int64_t uniformGrain = 32768;
constexpr int64_t normalGrain = 8192;

template <class T>
void run(bool normal, PhiloxKey key, T* out, int64_t count) {
  const Parts parts{count, normal ? normalGrain : uniformGrain};
  parallelFor(parts.size(), [&](int64_t part) {
    const int64_t first = parts.begin(part), n = parts.end(part) - first;
    if (normal) {
      KNET_DISPATCH(fillNormal(key, first, n, out + first));
    } else {
      KNET_DISPATCH(fillUniform(key, first, n, out + first));
    }
  });
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
  if (dtype == DType::float64) {
    run(normal, key, reinterpret_cast<double*>(out), count);
  } else {
    run(normal, key, reinterpret_cast<float*>(out), count);
  }
}

}  // namespace knet
