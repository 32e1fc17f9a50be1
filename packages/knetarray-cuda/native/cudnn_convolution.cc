// Convolution by cuDNN. Its arrays have their fastest dimension last: [X1, X2, X3, I, N] is N x I x X3 x X2 x X1 there.
#include <algorithm>
#include <array>
#include <climits>
#include <map>

#include "convolution.h"
#include "cudnn.h"
#include "device.h"
#include "libraries.h"

namespace knet {
namespace cudnn {
namespace {

// Everything that a plan depends on.
using Key = std::array<int64_t, 24>;

Key keyOf(const Convolution& c) {
  Key key{static_cast<int64_t>(c.kind), static_cast<int64_t>(c.dtype), c.group, c.inputs, c.outputs, c.batch};
  auto next = key.begin() + 6;
  for (const int64_t* lengths : {c.x, c.w, c.y, c.padding, c.stride, c.dilation}) next = std::copy(lengths, lengths + 3, next);
  // The sign of a number that is not 0 has room for one more.
  if (tf32Allowed()) key[2] = -key[2];
  return key;
}

struct Functions {
  FindAlgorithm find;
  WorkspaceSize size;
  Convolve run;
};
Functions functionsOf(ConvolutionKind kind) {
  const Api& a = api();
  if (kind == ConvolutionKind::forward) return {a.findForward, a.sizeForward, a.forward};
  if (kind == ConvolutionKind::gradientX) return {a.findGradientX, a.sizeGradientX, a.gradientX};
  return {a.findGradientW, a.sizeGradientW, a.gradientW};
}

// Bytes that an algorithm may take for itself.
size_t mostWorkspace() { return std::clamp<size_t>(deviceInfo().bytes / 16, size_t{1} << 26, size_t{1} << 30); }

// The descriptors of a geometry, and how cuDNN computes it.
struct Plan {
  Owned x{api().createTensor, api().destroyTensor};
  Owned y{api().createTensor, api().destroyTensor};
  Owned w{api().createFilter, api().destroyFilter};
  Owned convolution{api().createConvolution, api().destroyConvolution};
  Descriptor a, b, output;
  int algorithm = 0;
  size_t workspace = 0;
  bool supported = false;

  explicit Plan(const Convolution& c) {
    // In the order of cuDNN's functions.
    a = c.kind == ConvolutionKind::gradientX ? static_cast<Descriptor>(w) : x;
    b = c.kind == ConvolutionKind::forward ? static_cast<Descriptor>(w) : y;
    output = c.kind == ConvolutionKind::forward ? y : c.kind == ConvolutionKind::gradientX ? x : static_cast<Descriptor>(w);
    const Status status = describe(c);
    if (isUnsupported(status)) return;
    check(status, "describing a convolution");
    choose(c);
  }

 private:
  // The lengths of an array, the slowest first; two or three spatial dimensions.
  using Lengths = std::array<int, 5>;
  static int spatialRank(const Convolution& c) { return c.x[2] == 1 && c.w[2] == 1 && c.y[2] == 1 && c.padding[2] == 0 ? 2 : 3; }
  static Lengths lengthsOf(int rank, int64_t outer, int64_t channels, const int64_t (&spatial)[3]) {
    Lengths lengths{static_cast<int>(outer), static_cast<int>(channels)};
    for (int d = 0; d < rank; d++) lengths[static_cast<size_t>(2 + d)] = static_cast<int>(spatial[rank - 1 - d]);
    return lengths;
  }
  static Status setTensor(Descriptor tensor, int data, int rank, const Lengths& lengths) {
    Lengths strides{};
    int step = 1;
    for (int d = rank + 1; d >= 0; d--) {
      strides[static_cast<size_t>(d)] = step;
      step *= lengths[static_cast<size_t>(d)];
    }
    return api().setTensor(tensor, data, rank + 2, lengths.data(), strides.data());
  }

  static int dataOf(DType dtype) {
    if (dtype == DType::float16) return dataHalf;
    if (dtype == DType::bfloat16) return dataBfloat;
    return dtype == DType::float64 ? dataDouble : dataFloat;
  }

  Status describe(const Convolution& c) {
    const int rank = spatialRank(c);
    const int data = dataOf(c.dtype);
    std::array<int, 3> padding{}, stride{}, dilation{};
    for (int d = 0; d < rank; d++) {
      const size_t i = static_cast<size_t>(rank - 1 - d);
      padding[i] = static_cast<int>(c.padding[d]);
      stride[i] = static_cast<int>(c.stride[d]);
      dilation[i] = static_cast<int>(c.dilation[d]);
    }
    const Lengths filter = lengthsOf(rank, c.outputs * c.group, c.inputs, c.w);
    Status status = setTensor(x, data, rank, lengthsOf(rank, c.batch, c.inputs * c.group, c.x));
    if (status == success) status = setTensor(y, data, rank, lengthsOf(rank, c.batch, c.outputs * c.group, c.y));
    if (status == success) status = api().setFilter(w, data, formatNchw, rank + 2, filter.data());
    // Halves and bfloats are multiplied and added up in single precision.
    const int compute = c.dtype == DType::float64 ? dataDouble : dataFloat;
    if (status == success) {
      status = api().setConvolution(convolution, rank, padding.data(), stride.data(), dilation.data(), crossCorrelation, compute);
    }
    if (status == success) status = api().setGroups(convolution, static_cast<int>(c.group));
    if (status == success) status = api().setMath(convolution, wantedMath(c));
    return status;
  }

  static int wantedMath(const Convolution& c) {
    if (bytesOf(c.dtype) == 2) return mathTensorOp;
    return c.dtype == DType::float32 && !tf32Allowed() ? mathFma : mathDefault;
  }

  // The first algorithm, of those that cuDNN lists from the fastest on, that gives the same bits every time.
  void choose(const Convolution& c) {
    const Functions functions = functionsOf(c.kind);
    std::array<Performance, 16> found;
    int count = 0;
    const Status status = functions.find(handle(), a, b, convolution, output, static_cast<int>(found.size()), &count, found.data());
    if (isUnsupported(status)) return;
    check(status, "choosing an algorithm");
    for (int i = 0; i < count; i++) {
      const Performance& p = found[static_cast<size_t>(i)];
      if (p.status != success || p.determinism != deterministic) continue;
      // Single precision in full is not left to the list.
      if (wantedMath(c) != mathFma && api().setMath(convolution, p.math) != success) continue;
      if (functions.size(handle(), a, b, convolution, output, p.algorithm, &workspace) != success || workspace > mostWorkspace()) continue;
      algorithm = p.algorithm;
      supported = true;
      return;
    }
  }
};

// The plans of this thread. Lengths of batches and sequences may vary without end: then it starts anew.
constexpr size_t mostPlans = 1024;
thread_local std::map<Key, Plan> plans;

Plan& planOf(const Convolution& c) {
  const Key key = keyOf(c);
  const auto known = plans.find(key);
  if (known != plans.end()) return known->second;
  if (plans.size() >= mostPlans) plans.clear();
  return plans.try_emplace(key, c).first->second;
}

// Whether cuDNN can be told of it: its lengths are ints, and those of y follow from the others.
bool expressible(const Convolution& c) {
  if (std::max({c.sizeOfX(), c.sizeOfY(), c.sizeOfW()}) > INT_MAX) return false;
  for (int d = 0; d < 3; d++) {
    if (std::max({c.padding[d], c.stride[d], c.dilation[d]}) > INT_MAX) return false;
    if (c.y[d] != 1 + (c.x[d] + 2 * c.padding[d] - ((c.w[d] - 1) * c.dilation[d] + 1)) / c.stride[d]) return false;
  }
  return true;
}

Status runPlan(const Plan& plan, const Convolution& c, const char* a, const char* b, char* output) {
  // cuDNN's algorithms are made for correlation. Filters that are turned around are turned back.
  const bool turned = c.flip && c.taps > 1, ofW = c.kind == ConvolutionKind::gradientW;
  const Scratch filters(turned ? static_cast<size_t>(c.sizeOfW() * bytesOf(c.dtype)) : 0);
  const Scratch workspace(plan.workspace);
  if (turned && !ofW) {
    turnFilters(c, a, filters.as<char>());
    a = filters.as<char>();
  }
  const float single[] = {static_cast<float>(c.alpha), 0};
  const double doubles[] = {c.alpha, 0};
  const bool wide = c.dtype == DType::float64;
  const void* const alpha = wide ? static_cast<const void*>(doubles) : single;
  const void* const beta = wide ? static_cast<const void*>(doubles + 1) : single + 1;
  if (c.kind == ConvolutionKind::forward) std::swap(a, b);
  char* const target = turned && ofW ? filters.as<char>() : output;
  const Status status = functionsOf(c.kind).run(handle(), alpha, plan.a, a, plan.b, b, plan.convolution, plan.algorithm,
                                                workspace.as<char>(), plan.workspace, beta, plan.output, target);
  if (status == success && target != output) turnFilters(c, target, output);
  return status;
}

}  // namespace

void forgetPlans() { plans.clear(); }

}  // namespace cudnn

bool dnnConvolution(const Convolution& c, const char* a, const char* b, char* output) {
  if (cudnn::handle() == nullptr || !cudnn::expressible(c)) return false;
  cudnn::Plan& plan = cudnn::planOf(c);
  if (!plan.supported) return false;
  cudnn::Status status;
  try {
    status = cudnn::runPlan(plan, c, a, b, output);
  } catch (const OutOfMemory&) {
    // Kernels of our own need less.
    return false;
  }
  if (cudnn::isUnsupported(status)) {
    plan.supported = false;
    return false;
  }
  cudnn::check(status, "convolution");
  return true;
}

}  // namespace knet
