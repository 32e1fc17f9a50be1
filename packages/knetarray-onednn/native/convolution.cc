#include "convolution.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>

#include "ceil_divide.h"
#include "convolution_onednn.h"
#include "convolution_plan.h"
#include "growing_memory.h"
#include "guarded.h"
#include "isa.h"
#include "kernels.h"
#include "winograd.h"
#include "words.h"

namespace knet {
namespace {

// Written by native-commands/src/convolution.ts.
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
  g.multiplications = static_cast<double>(g.yPlane) * static_cast<double>(g.taps * g.inputs) *
                      static_cast<double>(g.outputs * g.group * g.batch);
  return g;
}

// Runs task(i) for i < count in pieces that are worth it.
template <class F>
void runTasks(int64_t count, double multiplications, F&& task) {
  const int64_t pieces = std::clamp<int64_t>(static_cast<int64_t>(multiplications / convolutionTaskWork), 1, count);
  parallelForGuarded(pieces, [&](int64_t piece) {
    for (int64_t i = count * piece / pieces; i < count * (piece + 1) / pieces; i++) task(i);
  });
}

template <class T>
T* expandedBlock(int64_t count) {
  static thread_local GrowingMemory memory;
  return memory.get<T>(static_cast<size_t>(count));
}

template <class T>
void run(const ConvolutionPieces<T>& pieces, ConvolutionKind kind, const ConvolutionGeometry& g, const T* a, const T* b, T* output) {
  static thread_local ConvolutionTables tables;
  const ConvolutionPlan plan = planConvolution(kind, g, sizeof(T), tables);
  const int64_t rowBlocks = ceilDivide(g.y[2], plan.rows), channelBlocks = ceilDivide(g.inputs, plan.channels);
  switch (kind) {
    case ConvolutionKind::forward:
      return runTasks(g.batch * g.group * rowBlocks, g.multiplications, [&](int64_t i) {
        pieces.forward(plan, a, b, output, i / rowBlocks / g.group, i / rowBlocks % g.group, i % rowBlocks, expandedBlock<T>(plan.expanded));
      });
    case ConvolutionKind::gradientX:
      return runTasks(g.batch * g.group * channelBlocks, g.multiplications, [&](int64_t i) {
        pieces.gradientX(plan, a, b, output, i / channelBlocks / g.group, i / channelBlocks % g.group, i % channelBlocks,
                         expandedBlock<T>(plan.expanded));
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

// For messages.
std::string inWords(ConvolutionKind kind, DType dtype, const ConvolutionGeometry& g) {
  std::ostringstream words;
  auto list = [&words](std::initializer_list<int64_t> xs) {
    const char* separator = "[";
    for (const int64_t x : xs) {
      words << separator << x;
      separator = ", ";
    }
    words << "]";
  };
  words << (kind == ConvolutionKind::forward ? "forward" : kind == ConvolutionKind::gradientX ? "gradient of x" : "gradient of w")
        << (dtype == DType::float32 ? ", float32" : ", float64") << ", x ";
  list({g.x[0], g.x[1], g.x[2], g.inputs * g.group, g.batch});
  words << ", w ";
  list({g.w[0], g.w[1], g.w[2], g.inputs, g.outputs * g.group});
  words << ", padding ";
  list({g.padding[0], g.padding[1], g.padding[2]});
  words << ", stride ";
  list({g.stride[0], g.stride[1], g.stride[2]});
  words << ", dilation ";
  list({g.dilation[0], g.dilation[1], g.dilation[2]});
  words << ", group " << g.group;
  return words.str();
}

void dispatch(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output) {
  if (suitsOnednn(kind, g)) return onednnConvolution(kind, g, a, b, output);
  if (suitsWinograd(g)) return winogradConvolution(kind, g, a, b, output);
  run(KNET_DISPATCH(float32Convolution)(), kind, g, a, b, output);
}
void dispatch(ConvolutionKind kind, const ConvolutionGeometry& g, const double* a, const double* b, double* output) {
  run(KNET_DISPATCH(float64Convolution)(), kind, g, a, b, output);
}

template <class T>
void readOperands(Words& w, ConvolutionKind kind, const ConvolutionGeometry& g) {
  const T *const a = w.pointer<T>(), *const b = w.pointer<T>();
  dispatch(kind, g, a, b, w.pointer<T>());
}

}  // namespace

void convolutionCommand(const double* words) {
  Words w(words);
  const auto kind = static_cast<ConvolutionKind>(w.integer());
  const DType dtype = w.dtype();
  const ConvolutionGeometry g = readGeometry(w);
  try {
    dtype == DType::float32 ? readOperands<float>(w, kind, g) : readOperands<double>(w, kind, g);
  } catch (const std::exception& error) {
    throw std::runtime_error("onednn: convolution (" + inWords(kind, dtype, g) + ") failed: " + error.what());
  }
}

}  // namespace knet
