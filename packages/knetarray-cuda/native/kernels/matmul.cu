// Matrix products.
#include "../cublas.h"
#include "../device.h"
#include "../kernels.h"
#include "../words.h"
#include "matmul_sums.h"

namespace knet {
namespace {

// Blocks that one launch may have, with room to spare.
constexpr int64_t mostBlocks = int64_t{1} << 30;

template <class Shape, class T>
void launchTiles(Job<T> job) {
  const int64_t each = tilesOf<Shape>(job.m, job.n) * job.parts, together = std::max<int64_t>(mostBlocks / each, 1);
  for (; job.first < job.batches.count; job.first += together) {
    const int64_t count = std::min(together, job.batches.count - job.first);
    KNET_LAUNCH((tileKernel<T, Shape>), static_cast<unsigned>(each * count), Shape::threads, stream(), job);
  }
}

template <class T>
void launch(const Product& p, const Plan& plan) {
  using R = Compute<T>;
  const int64_t outputs = p.m * p.n * p.batches.count;
  const Scratch partial(plan.parts > 1 ? static_cast<size_t>(outputs * plan.parts) * sizeof(R) : 0);
  const auto at = [](const Matrix& x) { return reinterpret_cast<T*>(x.data); };
  const Job<T> job{at(p.a), at(p.b), at(p.output), p.a, p.b, p.output, p.m, p.n, p.k,
                   convert<R>(p.alpha), convert<R>(p.beta), plan.parts, plan.terms, partial.as<R>(), 0, p.batches};
  switch (plan.method) {
    case Method::single:
      KNET_LAUNCH_FREE((singleKernel<T>), blocksFor(outputs, sumThreads), sumThreads, stream(), job);
      break;
    case Method::warp:
      KNET_LAUNCH((warpKernel<T>), blocksFor(outputs * plan.parts, warpsPerBlock), sumThreads, stream(), job);
      break;
    case Method::narrow:
      launchTiles<NarrowTile>(job);
      break;
    case Method::large:
      // Sums of double precision do not fit into the registers.
      if constexpr (sizeof(T) == 4) launchTiles<LargeTile>(job);
      if constexpr (sizeof(T) == 2) launchTiles<LargeHalfTile>(job);
      break;
    case Method::medium:
      launchTiles<MediumTile>(job);
      break;
  }
  if (plan.parts == 1) return;
  const auto blocks = [&](int perBlock) { return static_cast<unsigned>(piecesOf(outputs, perBlock)); };
  if (plan.parts < warpSize) KNET_LAUNCH_FREE((partsKernel<T, 1>), blocks(sumThreads), sumThreads, stream(), job);
  else KNET_LAUNCH((partsKernel<T, warpSize>), blocks(warpsPerBlock), sumThreads, stream(), job);
}

void launch(const Product& p) {
  const Plan plan = planOf(p);
  // Narrow tiles have few columns.
  const Product q = plan.method == Method::narrow && p.m < p.n ? p.transposed() : p;
  switch (p.dtype) {
    case DType::float32:
      return launch<float>(q, plan);
    case DType::float64:
      return launch<double>(q, plan);
    case DType::float16:
      return launch<Half>(q, plan);
    case DType::bfloat16:
      return launch<Bfloat>(q, plan);
    case DType::int32:
      return launch<int32_t>(q, plan);
    default:
      throw std::invalid_argument("matmul: no products of uint8 or bool; convert the arrays to int32 first");
  }
}

// One more dimension of the batch, joined to the one before where the matrices lie that way.
void add(Batches& batches, int64_t length, const int64_t (&steps)[3]) {
  batches.count *= length;
  if (length == 1) return;
  const int last = batches.rank - 1;
  bool joins = last >= 0;
  for (int o = 0; o < 3 && joins; o++) joins = steps[o] == batches.steps[o][last] * batches.lengths[last];
  if (joins) {
    batches.lengths[last] *= length;
    return;
  }
  if (batches.rank == maxRank) throw std::out_of_range("matmul: a batch of more than 16 dimensions; make it contiguous first");
  batches.lengths[batches.rank] = length;
  for (int o = 0; o < 3; o++) batches.steps[o][batches.rank] = steps[o];
  batches.rank++;
}

}  // namespace

void multiply(const Product& product) {
  if (product.m == 0 || product.n == 0 || product.batches.count == 0) return;
  if (cublas::enqueue(product)) return;
  // Neighbouring threads write down the columns of the output.
  const bool turned = product.output.down != 1 && product.output.along == 1;
  launch(turned ? product.transposed() : product);
}

// Written by `matmul` in native-commands/src/matmul.ts.
void matmulCommand(const double* words) {
  Words w(words);
  Product p;
  p.dtype = w.dtype();
  p.m = w.integer();
  p.n = w.integer();
  p.k = w.integer();
  p.alpha = w.number();
  p.beta = w.number();
  for (Matrix* const matrix : {&p.a, &p.b, &p.output}) {
    matrix->data = w.address();
    matrix->down = w.integer();
    matrix->along = w.integer();
  }
  const int rank = static_cast<int>(w.integer());
  for (int d = 0; d < rank; d++) {
    const int64_t length = w.integer();
    const int64_t a = w.integer(), b = w.integer(), output = w.integer();
    add(p.batches, length, {a, b, output});
  }
  multiply(p);
}

}  // namespace knet
