#include "convolution.h"

#include <algorithm>
#include <vector>

#include "convolution_onednn.h"
#include "growing_memory.h"
#include "isa.h"
#include "kernels.h"
#include "parallel.h"
#include "words.h"

namespace knet {
namespace {

// Written by src/kernels/convolution.ts.
ConvolutionGeometry readGeometry(Words& w) {
  ConvolutionGeometry g;
  for (int64_t* lengths : {g.x, g.w, g.y, g.padding, g.stride, g.dilation})
    for (int d = 0; d < 3; d++) lengths[d] = w.integer();
  g.group = w.integer();
  g.inputs = w.integer() / g.group;
  g.outputs = w.integer() / g.group;
  g.batch = w.integer();
  g.flip = w.flag();
  g.alpha = w.number();
  g.taps = g.w[0] * g.w[1] * g.w[2];
  g.xPlane = g.x[0] * g.x[1] * g.x[2];
  g.yPlane = g.y[0] * g.y[1] * g.y[2];
  g.inner = g.y[0] * g.y[1];
  g.multiplications = static_cast<double>(g.yPlane) * static_cast<double>(g.taps * g.inputs) * static_cast<double>(g.outputs * g.group * g.batch);
  return g;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Multiplications that are worth a task: some ten microseconds.
constexpr double taskWork = 5e5;

struct Tables {
  std::vector<int64_t> slotAt;
  std::vector<int64_t> lineAt;
  std::vector<int32_t> at;
  std::vector<int32_t> partAt;
  std::vector<int32_t> planeAt;
};

// Rows of the expanded image that `rows` rows of y need. With a stride the rows of x are sorted by their remainder, so that
// neighbouring rows of y meet neighbouring rows; of a remainder that no filter position meets there are none. `first`, if it
// is given, gets the place of the row that each filter position meets first.
int64_t makeSlots(const ConvolutionGeometry& g, int64_t rows, std::vector<int64_t>& slotAt, std::vector<int64_t>* first) {
  const int64_t stride = g.stride[2];
  slotAt.clear();
  if (first != nullptr) first->assign(static_cast<size_t>(g.w[2]), 0);
  for (int64_t phase = 0; phase < stride; phase++) {
    const int64_t base = static_cast<int64_t>(slotAt.size());
    int64_t count = 0;
    for (int64_t tap = 0; tap < g.w[2]; tap++) {
      const int64_t at = (g.flip ? g.w[2] - 1 - tap : tap) * g.dilation[2];
      if (at % stride != phase) continue;
      count = std::max(count, at / stride + rows);
      if (first != nullptr) (*first)[static_cast<size_t>(tap)] = base + at / stride;
    }
    for (int64_t i = 0; i < count; i++) slotAt.push_back(i * stride + phase - g.padding[2]);
  }
  return static_cast<int64_t>(slotAt.size());
}

// What the caches hold, in bytes: a tile's share of an expanded block stays in the first level, the block in the second.
constexpr int64_t nearBytes = 24 << 10, farBytes = 512 << 10;
constexpr int64_t tilePixels = 64;

// The place of a row that lies outside of x, whatever is added to it.
constexpr int64_t nowhere = -(int64_t{1} << 60);

ConvolutionPlan makePlan(ConvolutionKind kind, const ConvolutionGeometry& g, int64_t bytes, Tables& tables) {
  ConvolutionPlan plan;
  plan.geometry = g;
  const int64_t innerTaps = g.w[0] * g.w[1];
  auto channelBytes = [&](int64_t rows) { return makeSlots(g, rows, tables.slotAt, nullptr) * g.inner * innerTaps * bytes; };
  plan.rows = g.y[2];
  while (plan.rows > 1 && channelBytes(plan.rows) > farBytes / 4) plan.rows = ceilDiv(plan.rows, 2);
  // A few images at a time still have work for all threads.
  const bool large = g.multiplications > 8 * taskWork;
  if (kind == ConvolutionKind::forward && large) {
    while (plan.rows > 1 && g.batch * g.group * ceilDiv(g.y[2], plan.rows) < 8 && plan.rows * g.inner > 2 * tilePixels)
      plan.rows = ceilDiv(plan.rows, 2);
  }
  const int64_t perChannel = channelBytes(plan.rows);
  const int64_t perTile = std::min(perChannel, g.taps * tilePixels * bytes);
  plan.channels = std::clamp<int64_t>(std::min(nearBytes / perTile, farBytes / perChannel), 1, g.inputs);
  if (kind != ConvolutionKind::forward && large && g.batch * g.group * ceilDiv(g.inputs, plan.channels) < 8)
    plan.channels = std::max<int64_t>(1, g.inputs * g.batch * g.group / 8);
  plan.channels = ceilDiv(g.inputs, ceilDiv(g.inputs, plan.channels));
  std::vector<int64_t> first;
  plan.slots = makeSlots(g, plan.rows, tables.slotAt, &first);
  plan.slab = plan.slots * g.inner;
  plan.expandedChannel = plan.slab * innerTaps;
  plan.expanded = plan.channels * plan.expandedChannel;
  tables.lineAt.clear();
  for (int64_t t1 = 0; t1 < g.w[1]; t1++) {
    for (const int64_t slot : tables.slotAt) {
      for (int64_t y1 = 0; y1 < g.y[1]; y1++) {
        const int64_t x1 = y1 * g.stride[1] - g.padding[1] + (g.flip ? g.w[1] - 1 - t1 : t1) * g.dilation[1];
        tables.lineAt.push_back(x1 >= 0 && x1 < g.x[1] ? (slot * g.x[1] + x1) * g.x[0] : nowhere);
      }
    }
  }
  // In gradientW what stays in the first level is some channels of dy.
  const int64_t imageBytes = 6 * plan.rows * g.inner * bytes;
  plan.images = std::clamp<int64_t>(std::min(farBytes / (plan.expanded * bytes), nearBytes / imageBytes), 1, 64);
  // The expanded images of a block lie side by side, so that one filter position's are in one place.
  const int64_t step = plan.slab * (kind == ConvolutionKind::gradientW ? plan.images : 1);
  tables.at.clear();
  auto addTap = [&](int64_t c, int64_t t, int64_t t2) {
    tables.at.push_back(static_cast<int32_t>((c * innerTaps + t) * step + first[static_cast<size_t>(t2)] * g.inner));
  };
  for (int64_t c = 0; c < plan.channels; c++) {
    if (kind == ConvolutionKind::gradientW) {
      // Neighbours in this order read the same rows.
      for (int64_t t = 0; t < innerTaps; t++)
        for (int64_t t2 = 0; t2 < g.w[2]; t2++) addTap(c, t, t2);
    } else {
      for (int64_t t2 = 0; t2 < g.w[2]; t2++)
        for (int64_t t = 0; t < innerTaps; t++) addTap(c, t, t2);
    }
  }
  tables.partAt.clear();
  for (int64_t t2 = 0; t2 < g.w[2]; t2++)
    for (int64_t t = 0; t < innerTaps; t++) tables.partAt.push_back(static_cast<int32_t>(t * g.w[2] + t2));
  tables.planeAt.clear();
  for (int64_t o = 0; o < g.outputs; o++) tables.planeAt.push_back(static_cast<int32_t>(o * g.yPlane));
  plan.lineAt = tables.lineAt.data();
  plan.at = tables.at.data();
  plan.partAt = tables.partAt.data();
  plan.planeAt = tables.planeAt.data();
  const int64_t weightBytes = g.taps * g.inputs * g.outputs * g.group * bytes;
  // Sums along vectors at the end of each chunk must not be what takes the time.
  const int64_t pixels = g.batch * g.yPlane;
  plan.chunks = std::clamp<int64_t>(std::min((int64_t{1} << 20) / weightBytes, pixels / 1024), 1, std::min<int64_t>(g.batch, 8));
  return plan;
}

// Runs task(i) for i < count in pieces that are worth it.
template <class F>
void runTasks(int64_t count, double multiplications, F&& task) {
  const int64_t pieces = std::clamp<int64_t>(static_cast<int64_t>(multiplications / taskWork), 1, count);
  parallelFor(pieces, [&](int64_t piece) {
    for (int64_t i = count * piece / pieces; i < count * (piece + 1) / pieces; i++) task(i);
  });
}

template <class T>
T* expandedBlock(int64_t count) {
  static thread_local GrowingMemory memory;
  return memory.get<T>(static_cast<size_t>(count + expandedSlack));
}

template <class T>
void run(const ConvolutionPieces<T>& pieces, ConvolutionKind kind, const ConvolutionGeometry& g, const T* a, const T* b, T* output) {
  static thread_local Tables tables;
  const ConvolutionPlan plan = makePlan(kind, g, sizeof(T), tables);
  const int64_t rowBlocks = ceilDiv(g.y[2], plan.rows), channelBlocks = ceilDiv(g.inputs, plan.channels);
  switch (kind) {
    case ConvolutionKind::forward:
      return runTasks(g.batch * g.group * rowBlocks, g.multiplications, [&](int64_t i) {
        pieces.forward(plan, a, b, output, i / rowBlocks / g.group, i / rowBlocks % g.group, i % rowBlocks, expandedBlock<T>(plan.expanded));
      });
    case ConvolutionKind::gradientX:
      return runTasks(g.batch * g.group * channelBlocks, g.multiplications, [&](int64_t i) {
        pieces.gradientX(plan, a, b, output, i / channelBlocks / g.group, i / channelBlocks % g.group, i % channelBlocks, expandedBlock<T>(plan.expanded));
      });
    default:
      break;
  }
  const int64_t weights = g.taps * g.inputs * g.outputs * g.group;
  static thread_local GrowingMemory memory;
  T* const parts = memory.get<T>(static_cast<size_t>(plan.chunks * weights));
  const int64_t blocks = g.group * channelBlocks;
  runTasks(plan.chunks * blocks, g.multiplications, [&](int64_t i) {
    const int64_t chunk = i / blocks, block = i % blocks;
    pieces.gradientW(plan, a, b, parts + chunk * weights, g.batch * chunk / plan.chunks, g.batch * (chunk + 1) / plan.chunks, block / channelBlocks,
     block % channelBlocks, expandedBlock<T>(plan.images * plan.expanded));
  });
  const int64_t filters = g.outputs * g.group, ranges = std::clamp<int64_t>(weights * (plan.chunks + 1) >> 16, 1, filters);
  parallelFor(ranges, [&](int64_t i) { pieces.combine(plan, parts, filters * i / ranges, filters * (i + 1) / ranges, output); });
}

}  // namespace

void convolutionCommand(const double* words) {
  Words w(words);
  const auto kind = static_cast<ConvolutionKind>(w.integer());
  const DType dtype = w.dtype();
  const ConvolutionGeometry g = readGeometry(w);
  char *const a = w.address(), *const b = w.address(), *const output = w.address();
  if (dtype == DType::float32 && suitsOnednn(g)) {
    onednnConvolution(kind, g, reinterpret_cast<const float*>(a), reinterpret_cast<const float*>(b), reinterpret_cast<float*>(output));
  } else if (dtype == DType::float32) {
    run(KNET_DISPATCH(float32Convolution)(), kind, g, reinterpret_cast<const float*>(a), reinterpret_cast<const float*>(b), reinterpret_cast<float*>(output));
  } else {
    run(KNET_DISPATCH(float64Convolution)(), kind, g, reinterpret_cast<const double*>(a), reinterpret_cast<const double*>(b), reinterpret_cast<double*>(output));
  }
}

}  // namespace knet
