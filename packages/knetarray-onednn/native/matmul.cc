#include <type_traits>

#include "gemm.h"
#include "kernels.h"
#include "words.h"

namespace knet {
namespace {

// Written by native-commands/src/matmul.ts.
template <class T>
void run(Words w) {
  const int64_t m = w.integer(), n = w.integer(), k = w.integer();
  const T alpha = static_cast<T>(w.number()), beta = static_cast<T>(w.number());
  auto matrix = [&w](auto* type) {
    using Element = std::remove_pointer_t<decltype(type)>;
    Element* const data = w.template pointer<Element>();
    const int64_t rows = w.integer();
    return Matrix<Element>{data, rows, w.integer()};
  };
  const auto a = matrix(static_cast<const T*>(nullptr));
  const auto b = matrix(static_cast<const T*>(nullptr));
  const auto c = matrix(static_cast<T*>(nullptr));
  const int rank = static_cast<int>(w.integer());
  int64_t lengths[maxRank], steps[3][maxRank], index[maxRank] = {};
  for (int d = 0; d < rank; d++) {
    lengths[d] = w.integer();
    for (auto& step : steps) step[d] = w.integer();
  }
  int64_t at[3] = {0, 0, 0};
  for (;;) {
    gemm(m, n, k, alpha, {a.data + at[0], a.rows, a.columns}, {b.data + at[1], b.rows, b.columns}, beta,
         {c.data + at[2], c.rows, c.columns});
    int d = 0;
    for (; d < rank; d++) {
      for (int o = 0; o < 3; o++) at[o] += steps[o][d];
      if (++index[d] < lengths[d]) break;
      for (int o = 0; o < 3; o++) at[o] -= steps[o][d] * lengths[d];
      index[d] = 0;
    }
    if (d == rank) return;
  }
}

}  // namespace

void matmulCommand(const double* words) {
  Words w(words);
  switch (w.dtype()) {
    case DType::float32:
      return run<float>(w);
    case DType::float64:
      return run<double>(w);
    default:
      return run<int32_t>(w);
  }
}

}  // namespace knet
