#include "convolution_onednn.h"

#include <algorithm>
#include <type_traits>

#include "ceil_divide.h"
#include "growing_memory.h"
#include "guarded.h"
#include "one_thread.h"
#include "onednn_primitive.h"

namespace knet {
namespace {

using dnnl::memory;

// Multiplications for which changing the layout pays.
constexpr double leastWork = 4e6;

// Pixels of y for which changing the layout of the weights pays.
constexpr int64_t leastPixels = 200;

// Partial sums of gradientW take about so many bytes at most.
constexpr int64_t partBytes = int64_t{16} << 20;

// Weights that leave the caches between two images: then parts have more images, so that they are read less often.
constexpr int64_t largeWeights = int64_t{1} << 20;

size_t elementsOf(const memory::desc& desc) { return (desc.get_size() + 63) / 64 * 16; }

// target = alpha * source with every filter of `taps` elements reversed if `flip`, for the filters first .. last - 1.
template <class Taps>
void copyFilters(const float* source, int64_t first, int64_t last, Taps taps, bool flip, float alpha, float* target) {
  source += first * taps;
  target += first * taps;
  for (int64_t i = first; i < last; i++, source += taps, target += taps) {
    if (flip) {
      for (int64_t t = 0; t < taps; t++) target[t] = alpha * source[taps - 1 - t];
    } else {
      for (int64_t t = 0; t < taps; t++) target[t] = alpha * source[t];
    }
  }
}
void copyFilters(const float* source, int64_t first, int64_t last, const ConvolutionGeometry& g, float* target) {
  const float alpha = static_cast<float>(g.alpha);
  // The usual length as a constant: the loop is unrolled.
  if (g.taps == 9) return copyFilters(source, first, last, std::integral_constant<int64_t, 9>(), g.flip, alpha, target);
  copyFilters(source, first, last, g.taps, g.flip, alpha, target);
}

// The convolution cut into parts along images and channels: outputs, or inputs for gradientX.
struct Parts {
  int64_t images, imageParts, channels, channelParts;
};

Parts partsOf(ConvolutionKind kind, const ConvolutionGeometry& g) {
  const int64_t channels = kind == ConvolutionKind::gradientX ? g.inputs : g.outputs;
  const int64_t weightBytes = g.taps * g.inputs * g.outputs * g.group * static_cast<int64_t>(sizeof(float));
  int64_t parts = std::min<int64_t>(g.batch, weightBytes > largeWeights ? 4 : 16);
  if (kind == ConvolutionKind::gradientW) parts = std::min(parts, std::clamp<int64_t>(partBytes / weightBytes, 2, 8));
  const int64_t images = ceilDivide(g.batch, parts);
  parts = ceilDivide(g.batch, images);
  int64_t split = 1;
  while (g.group == 1 && parts * split < 4 && channels / (split * 2) >= 32 && channels % (split * 32) == 0) split *= 2;
  return {images, parts, channels / split, split};
}

class Convolution {
 public:
  Convolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output)
      : kind_(kind), g_(g), a_(a), b_(b), output_(output), parts_(partsOf(kind, g)) {
    const int64_t rest = g.batch - parts_.images * (parts_.imageParts - 1);
    whole_ = onednnPrimitive(shape(parts_.images));
    const OnednnOperand& weights = kind == ConvolutionKind::gradientW ? whole_->result : whole_->a;
    last_ = rest == parts_.images ? whole_ : onednnPrimitive(shape(rest), &weights.wanted);
  }

  void run() { kind_ == ConvolutionKind::gradientW ? gradientOfFilters() : images(); }

 private:
  OnednnShape shape(int64_t images) const {
    OnednnShape s{};
    s.kind = static_cast<int64_t>(kind_);
    s.layoutImages = parts_.images;
    s.images = images;
    s.inputs = kind_ == ConvolutionKind::gradientX ? parts_.channels : g_.inputs;
    s.outputs = kind_ == ConvolutionKind::gradientX ? g_.outputs : parts_.channels;
    s.group = g_.group;
    s.allInputs = g_.inputs * g_.group;
    s.allOutputs = g_.outputs * g_.group;
    for (int d = 0; d < 2; d++) {
      const int from = d == 0 ? 2 : 0;  // oneDNN counts from the outermost dimension
      s.x[d] = g_.x[from];
      s.w[d] = g_.w[from];
      s.y[d] = g_.y[from];
      s.padding[d] = g_.padding[from];
      s.stride[d] = g_.stride[from];
      s.dilation[d] = g_.dilation[from];
    }
    return s;
  }

  const OnednnPrimitive& primitive(int64_t imagePart) const { return imagePart == parts_.imageParts - 1 ? *last_ : *whole_; }

  // Runs task(part) on the threads, oneDNN on each of them by itself.
  template <class F>
  static void each(int64_t count, F&& task) {
    parallelForGuarded(count, [&](int64_t i) {
      const OneThread one;
      task(i);
    });
  }

  static dnnl::stream& stream() {
    static thread_local dnnl::stream stream(onednnEngine());
    return stream;
  }

  static memory at(const memory::desc& desc, const float* data) { return memory(desc, onednnEngine(), const_cast<float*>(data)); }

  static void change(const dnnl::reorder& reorder, memory from, memory to) { reorder.execute(stream(), from, to); }

  // Runs a primitive on operands in the layouts that it wants for a and the result, and in the caller's for b.
  // `free` is memory for b in the wanted layout and for oneDNN's own use.
  static void execute(const OnednnPrimitive& p, const memory& a, const float* b, const memory& result, float* free) {
    memory wantedB = at(p.b.wanted, b);
    if (p.b.changes()) {
      wantedB = at(p.b.wanted, free);
      change(p.b.change, at(p.b.plain, b), wantedB);
      free += elementsOf(p.b.wanted);
    }
    p.primitive.execute(stream(), {{p.a.role, a}, {p.b.role, wantedB}, {p.result.role, result}, {DNNL_ARG_SCRATCHPAD, at(p.scratch, free)}});
  }

  static size_t needed(const OnednnPrimitive& p) {
    return elementsOf(p.b.wanted) + elementsOf(p.scratch) + elementsOf(p.result.wanted) + elementsOf(p.a.wanted);
  }

  static float* threadMemory(size_t count) {
    static thread_local GrowingMemory memory;
    return memory.get<float>(count);
  }
  static float* callMemory(size_t count) {
    static thread_local GrowingMemory memory;
    return memory.get<float>(count);
  }

  // forward and gradientX: the weights are brought into the wanted layout once.
  void images() {
    const bool copied = (g_.flip && g_.taps > 1) || g_.alpha != 1;
    const int64_t weights = g_.taps * g_.inputs * g_.outputs * g_.group, filters = g_.outputs * g_.group;
    const OnednnOperand& w = whole_->a;
    const size_t wanted = elementsOf(w.wanted), plain = copied ? static_cast<size_t>(weights + 15) / 16 * 16 : 0;
    float* const memory = callMemory(plain + wanted * static_cast<size_t>(parts_.channelParts));
    if (copied) {
      const int64_t ranges = std::clamp<int64_t>(weights >> 16, 1, filters);
      parallelFor(ranges, [&](int64_t i) {
        copyFilters(a_, filters * i / ranges * g_.inputs, filters * (i + 1) / ranges * g_.inputs, g_, memory);
      });
    }
    const float* const source = copied ? memory : a_;
    const bool isForward = kind_ == ConvolutionKind::forward;
    const int64_t weightStep = parts_.channels * g_.taps * (isForward ? g_.inputs : 1);
    if (w.changes()) {
      each(parts_.channelParts, [&](int64_t c) {
        change(w.change, at(w.plain, source + c * weightStep), at(w.wanted, memory + plain + static_cast<size_t>(c) * wanted));
      });
    }
    const int64_t bImage = isForward ? g_.group * g_.inputs * g_.xPlane : g_.group * g_.outputs * g_.yPlane;
    const int64_t outPlane = isForward ? g_.yPlane : g_.xPlane;
    const int64_t outImage = isForward ? g_.group * g_.outputs * g_.yPlane : g_.group * g_.inputs * g_.xPlane;
    each(parts_.imageParts * parts_.channelParts, [&](int64_t i) {
      const int64_t part = i / parts_.channelParts, c = i % parts_.channelParts, image = part * parts_.images;
      const OnednnPrimitive& p = primitive(part);
      float* free = threadMemory(needed(p));
      float* const target = output_ + image * outImage + c * parts_.channels * outPlane;
      dnnl::memory result = at(p.result.wanted, target);
      if (p.result.changes()) {
        result = at(p.result.wanted, free);
        free += elementsOf(p.result.wanted);
      }
      const float* const filter = w.changes() ? memory + plain + static_cast<size_t>(c) * wanted : source + c * weightStep;
      execute(p, at(p.a.wanted, filter), b_ + image * bImage, result, free);
      if (p.result.changes()) change(p.result.change, result, at(p.result.plain, target));
    });
  }

  // gradientW: parts of the batch have sums of their own, which are added in order.
  void gradientOfFilters() {
    const OnednnOperand& w = whole_->result;
    const size_t wanted = elementsOf(w.wanted);
    const int64_t channelParts = parts_.channelParts, filters = g_.inputs * g_.outputs * g_.group;
    const size_t plain = static_cast<size_t>(filters * g_.taps + 15) / 16 * 16;
    float* const sums = callMemory(plain + wanted * static_cast<size_t>(parts_.imageParts * channelParts));
    float* const parts = sums + plain;
    const int64_t xImage = g_.group * g_.inputs * g_.xPlane, yImage = g_.group * g_.outputs * g_.yPlane;
    each(parts_.imageParts * channelParts, [&](int64_t i) {
      const int64_t part = i / channelParts, c = i % channelParts, image = part * parts_.images;
      const OnednnPrimitive& p = primitive(part);
      float* free = threadMemory(needed(p));
      const float* const x = a_ + image * xImage;
      dnnl::memory wantedX = at(p.a.wanted, x);
      if (p.a.changes()) {
        wantedX = at(p.a.wanted, free);
        change(p.a.change, at(p.a.plain, x), wantedX);
        free += elementsOf(p.a.wanted);
      }
      execute(p, wantedX, b_ + image * yImage + c * parts_.channels * g_.yPlane, at(p.result.wanted, parts + static_cast<size_t>(i) * wanted),
              free);
    });
    const int64_t step = static_cast<int64_t>(wanted) * channelParts, ranges = std::clamp<int64_t>(step * parts_.imageParts >> 16, 1, 64);
    parallelFor(ranges, [&](int64_t r) {
      for (int64_t j = 1; j < parts_.imageParts; j++)
        for (int64_t i = step * r / ranges; i < step * (r + 1) / ranges; i++) parts[i] += parts[i + j * step];
    });
    each(channelParts, [&](int64_t c) {
      const int64_t first = filters / channelParts * c, at0 = first * g_.taps;
      const float* sum = parts + static_cast<size_t>(c) * wanted;
      if (w.changes()) {
        change(w.change, at(w.wanted, sum), at(w.plain, sums + at0));
        sum = sums + at0;
      }
      copyFilters(sum - at0, first, first + filters / channelParts, g_, output_);
    });
  }

  const ConvolutionKind kind_;
  const ConvolutionGeometry& g_;
  const float *const a_, *const b_;
  float* const output_;
  const Parts parts_;
  std::shared_ptr<const OnednnPrimitive> whole_, last_;
};

}  // namespace

bool suitsOnednn(ConvolutionKind kind, const ConvolutionGeometry& g) {
  const bool twoDimensions = g.x[0] > 1 && g.x[1] == 1 && g.w[1] == 1 && g.y[1] == 1;
  const bool fillsBlocks = g.inputs % 16 == 0 && g.outputs % 16 == 0 && g.inputs >= 32 && g.outputs >= 32;
  const bool usesWeights = kind == ConvolutionKind::gradientW || g.batch * g.yPlane >= leastPixels;
  return twoDimensions && fillsBlocks && usesWeights && g.multiplications >= leastWork;
}

void onednnConvolution(ConvolutionKind kind, const ConvolutionGeometry& g, const float* a, const float* b, float* output) {
  const OneThread one;
  Convolution(kind, g, a, b, output).run();
}

}  // namespace knet
