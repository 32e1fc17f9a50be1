// Reductions of what a program computes.
#include "../device.h"
#include "../kernels.h"
#include "block_tree.h"
#include "reduce_plan.h"

namespace knet {
namespace {

constexpr int threads = reduceThreads;
// Elements that a thread computes or reads before it combines them.
constexpr int programWidth = 4;
constexpr int directWidth = 8;

// Which output a thread works for, and the how manieth of its threads it is.
struct Share {
  int64_t output;
  int lane;

  __device__ explicit Share(const ReducePlan& plan) {
    const int t = static_cast<int>(threadIdx.x), outputsLog = reduceThreadsLog - plan.lanesLog;
    const int group = plan.columns ? t & ((1 << outputsLog) - 1) : t >> plan.lanesLog;
    lane = plan.columns ? t >> outputsLog : t & ((1 << plan.lanesLog) - 1);
    output = (int64_t{blockIdx.x} << outputsLog) + group;
  }
};

// Combines the totals of the threads that share an output; the first of them has it then.
template <class T>
__device__ void combineLanes(const ReducePlan& plan, int lane, T& total) {
  const int t = static_cast<int>(threadIdx.x), lanes = 1 << plan.lanesLog;
  const auto merge = [&plan](T& a, const T& b) { a.merge(plan.op, b); };
  if (plan.columns) return combineParts<threads>(total, lanes, lane, threads >> plan.lanesLog, t, true, merge);
  for (int mask = (lanes < warpSize ? lanes : warpSize) >> 1; mask > 0; mask >>= 1) total.merge(plan.op, total.ofLane(plan.op, mask));
  // More than a warp is a whole block.
  const int warp = t / warpSize;
  combineParts<threads>(total, lanes / warpSize, warp, 1, warp, t % warpSize == 0, merge);
}

template <class T>
__device__ void storeTotal(const ReducePlan& plan, int64_t output, const T& total) {
  const int64_t at = placeAlong(plan, plan.reduced, plan.rank, plan.outStrides, output);
  int64_t whole = total.position;
  if (!givesPosition(plan.op)) {
    if constexpr (isFloatType<decltype(total.value)>) return storeAs<double>(plan.out, plan.outType, at, total.result(plan.op));
    // The extreme of nothing is an infinity, which is 0 as a whole number.
    else whole = plan.count == 0 && plan.op >= Reduction::max ? 0 : total.value;
  }
  const DType type = plan.outType;
  if (isFloat(type)) return storeAs<double>(plan.out, type, at, static_cast<double>(whole));
  // Other types keep the low bits.
  storeAs<int32_t>(plan.out, type, at, static_cast<int32_t>(static_cast<uint64_t>(whole)));
}

// Reduces a segment for every output of a block. `read(r, step, n, x)` gives n elements, those at r and then every `step` ones.
template <class R, int width, class Begin, class Read>
__device__ void reduceSegment(const ReducePlan& plan, TotalOf<R>* partials, Begin begin, Read read) {
  const Share share(plan);
  const bool inside = share.output < plan.outputs;
  const int64_t first = blockIdx.y * plan.segment, end = first + plan.segment < plan.count ? first + plan.segment : plan.count;
  const int lanes = 1 << plan.lanesLog;
  Running<R> running(plan.op);
  if (inside) {
    begin(share.output);
    for (int64_t r = first + share.lane; r < end; r += int64_t{width} << plan.lanesLog) {
      const int64_t left = (end - r + lanes - 1) >> plan.lanesLog;
      const int n = left < width ? static_cast<int>(left) : width;
      R x[width];
      read(r, lanes, n, x);
      running.add(plan.op, x, n, r, lanes);
    }
  }
  TotalOf<R> total = running.total(plan.op);
  combineLanes(plan, share.lane, total);
  if (!inside || share.lane > 0) return;
  if (plan.segments > 1) partials[blockIdx.y * plan.outputs + share.output] = total;
  else storeTotal(plan, share.output, total);
}

// Reads n elements, r and then every `step` ones along the reduced dimensions. All are read before any is used, so that they are
// under way together.
template <class R, class M, class P, int width>
__device__ void readElements(const ReducePlan& plan, const Operand& operand, int64_t base, int64_t r, int64_t step, int n, R (&x)[width]) {
  const M* const data = reinterpret_cast<const M*>(operand.data) + base;
  P places[width];
  placesAlong(plan, 0, plan.reduced, operand.strides, r, step, places);
  M raw[width] = {};
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    if (v < n) raw[v] = data[places[v]];
  }
  KNET_UNROLL
  for (int v = 0; v < width; v++) x[v] = convert<R>(static_cast<Compute<M>>(raw[v]));
}

template <class R, int width>
__device__ void readOperand(const ReducePlan& plan, const Operand& operand, int64_t base, int64_t r, int64_t step, int n, R (&x)[width]) {
  switch (operand.dtype) {
    case DType::float64:
      return readElements<R, double, int64_t>(plan, operand, base, r, step, n, x);
    case DType::int32:
      return readElements<R, int32_t, int64_t>(plan, operand, base, r, step, n, x);
    case DType::uint8:
    case DType::boolean:
      return readElements<R, uint8_t, int64_t>(plan, operand, base, r, step, n, x);
    case DType::float16:
      return readElements<R, Half, int64_t>(plan, operand, base, r, step, n, x);
    case DType::bfloat16:
      return readElements<R, Bfloat, int64_t>(plan, operand, base, r, step, n, x);
    default:
      return readElements<R, float, int64_t>(plan, operand, base, r, step, n, x);
  }
}

// The elements of an operand as they are.
template <class M>
__global__ void __launch_bounds__(threads) directKernel(const ReducePlan plan, const Operand operand, TotalOf<Compute<M>>* partials) {
  using R = Compute<M>;
  int64_t base = 0;
  reduceSegment<R, directWidth>(
      plan, partials, [&](int64_t output) { base = placeAlong(plan, plan.reduced, plan.rank, operand.strides, output); },
      [&](int64_t r, int64_t step, int n, R(&x)[directWidth]) { readElements<R, M, int32_t>(plan, operand, base, r, step, n, x); });
}

template <class R, int slots>
__global__ void __launch_bounds__(threads) programKernel(const ReducePlan plan, const Bound p, TotalOf<R>* partials) {
  int64_t bases[maxArrays];
  reduceSegment<R, programWidth>(
      plan, partials,
      [&](int64_t output) {
        for (int k = 0; k < p.code.inputs; k++) bases[k] = placeAlong(plan, plan.reduced, plan.rank, p.operands[k].strides, output);
      },
      [&](int64_t r, int64_t step, int n, R(&x)[programWidth]) {
        Registers<R, slots, programWidth> registers;
        for (int k = 0; k < p.code.inputs; k++) {
          R(&slot)[programWidth] = registers.slot[k];
          readOperand(plan, p.operands[k], bases[k], r, step, n, slot);
          roundTo(p.code.dtype, slot);
        }
        registers.run(p);
        registers.fetch(p, p.code.output[0], x);
      });
}

// Combines the results of segments.
template <class T>
__global__ void __launch_bounds__(threads) mergeKernel(const ReducePlan plan, const T* partials) {
  const Share share(plan);
  const bool inside = share.output < plan.outputs;
  T total{neutral<decltype(T::value)>(plan.op), 0, -1};
  if (inside) {
    for (int s = share.lane; s < plan.segments; s += 1 << plan.lanesLog) total.merge(plan.op, partials[s * plan.outputs + share.output]);
  }
  combineLanes(plan, share.lane, total);
  if (inside && share.lane == 0) storeTotal(plan, share.output, total);
}

// Calls run(partials) with memory for the results of segments, and combines them.
template <class T, class F>
void inSegments(const ReducePlan& plan, F run) {
  const Scratch scratch(plan.segments > 1 ? plan.segments * plan.outputs * sizeof(T) : 0);
  run(scratch.as<T>());
  if (plan.segments < 2) return;
  ReducePlan second = plan;
  second.columns = true;
  second.lanesLog = std::min(reduceThreadsLog, log2Above(plan.segments / 4));
  KNET_LAUNCH((mergeKernel<T>), second.tiles(), threads, stream(), second, scratch.as<T>());
}

template <class M>
void reduceDirectly(const ReducePlan& plan, const Operand& operand, dim3 blocks) {
  using T = TotalOf<Compute<M>>;
  inSegments<T>(plan, [&](T* partials) { KNET_LAUNCH((directKernel<M>), blocks, threads, stream(), plan, operand, partials); });
}

template <class R>
void reduceProgram(const ReducePlan& plan, const Bound& p, dim3 blocks) {
  using T = TotalOf<R>;
  static_assert(sizeof(ReducePlan) + sizeof(Bound) + sizeof(T*) <= 4096, "arguments of a kernel");
  inSegments<T>(plan, [&](T* partials) {
    // Registers of bytes are small in any number.
    if constexpr (sizeof(R) > 1) {
      if (p.code.slots <= 8) {
        KNET_LAUNCH((programKernel<R, 8>), blocks, threads, stream(), plan, p, partials);
        return;
      }
    }
    KNET_LAUNCH((programKernel<R, maxSlots>), blocks, threads, stream(), plan, p, partials);
  });
}

// Whether the elements that go into one result are so close together that 32 bits tell their places.
bool isNear(const ReducePlan& plan, const Operand& operand) {
  int64_t extent = 0;
  for (int d = 0; d < plan.reduced; d++) extent += (plan.lengths[d] - 1) * std::abs(operand.strides[d]);
  return !plan.wide && extent <= INT32_MAX;
}

void reduce(const ReducePlan& plan, const Bound& p) {
  const dim3 blocks(plan.tiles(), static_cast<unsigned>(plan.segments));
  const uint8_t source = p.code.output[0];
  const bool direct = p.code.steps == 0 && (source & scalarBit) == 0 && p.operands[source].dtype == p.code.dtype;
  if (!direct || !isNear(plan, p.operands[source])) {
    withRegister(p.code.dtype, [&](auto zero) { reduceProgram<decltype(zero)>(plan, p, blocks); });
    return;
  }
  withType(p.code.dtype, [&](auto zero) {
    using M = decltype(zero);
    // Truth values are bytes, 0 and 1.
    reduceDirectly<std::conditional_t<std::is_same_v<M, bool>, uint8_t, M>>(plan, p.operands[source], blocks);
  });
}

}  // namespace

// Written by native-commands/src/reduce.ts.
void reduceCommand(const double* words) {
  Words w(words);
  const Code& code = codeOf(w.integer());
  const auto op = static_cast<Reduction>(w.integer());
  char* const out = w.address();
  const DType outType = w.dtype();
  const int rank = static_cast<int>(w.integer());
  if (rank > maxGivenRank) throw std::out_of_range("an array of too many dimensions");
  int64_t shape[maxGivenRank];
  bool reduced[maxGivenRank];
  for (int d = 0; d < rank; d++) shape[d] = w.integer();
  for (int d = 0; d < rank; d++) reduced[d] = w.flag();
  Bound p;
  bind(p, code, w, rank, shape, reduced, false);
  const ReducePlan plan = planReduction(op, p, reduced, out, outType);
  if (plan.outputs == 0) return;
  reduce(plan, p);
}

}  // namespace knet
