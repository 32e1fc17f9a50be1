#include "onednn_primitive.h"

#include <cstring>
#include <list>
#include <mutex>

namespace knet {
namespace {

using dnnl::memory;

// Primitives that are kept: each has some kilobytes of machine code. A large network has about a hundred.
constexpr size_t cachedPrimitives = 256;

memory::desc wantedLayout(const memory::desc& plain, bool keep) {
  return keep ? plain : memory::desc(plain.dims(), memory::data_type::f32, memory::format_tag::any);
}

OnednnOperand operand(const memory::desc& plain, const memory::desc& wanted, int role, bool isResult) {
  OnednnOperand o{plain, wanted, dnnl::reorder(), role};
  if (plain != wanted) {
    const dnnl::engine& engine = onednnEngine();
    o.change = dnnl::reorder(isResult ? dnnl::reorder::primitive_desc(engine, wanted, engine, plain)
                                      : dnnl::reorder::primitive_desc(engine, plain, engine, wanted));
  }
  return o;
}

std::shared_ptr<const OnednnPrimitive> make(const OnednnShape& s, const memory::desc* weights) {
  const dnnl::engine& engine = onednnEngine();
  const memory::dims stride{s.stride[0], s.stride[1]}, padding{s.padding[0], s.padding[1]};
  const memory::dims dilation{s.dilation[0] - 1, s.dilation[1] - 1};
  auto images = [&s](int64_t channels, int64_t all, const int64_t* lengths) {
    return memory::desc({s.images, channels * s.group, lengths[0], lengths[1]}, memory::data_type::f32,
                        {all * lengths[0] * lengths[1], lengths[0] * lengths[1], lengths[1], 1});
  };
  const memory::desc x = images(s.inputs, s.allInputs, s.x), y = images(s.outputs, s.allOutputs, s.y);
  const int64_t taps = s.w[0] * s.w[1], filter = s.allInputs / s.group * taps;
  const memory::desc w = s.group == 1
                             ? memory::desc({s.outputs, s.inputs, s.w[0], s.w[1]}, memory::data_type::f32, {filter, taps, s.w[1], 1})
                             : memory::desc({s.group, s.outputs, s.inputs, s.w[0], s.w[1]}, memory::data_type::f32,
                                            {s.outputs * filter, filter, taps, s.w[1], 1});
  // Filters of one pixel are fast in the layout of the arrays: a change would take longer.
  const bool keep = taps == 1;
  const memory::desc anyX = wantedLayout(x, keep), anyY = wantedLayout(y, keep), anyW = weights != nullptr ? *weights : wantedLayout(w, false);
  dnnl::primitive_attr own;
  own.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::convolution_forward::primitive_desc forward({dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, anyX,
                                                           anyW, anyY, stride, dilation, padding, padding},
                                                          own, engine);
  auto result = std::make_shared<OnednnPrimitive>();
  switch (static_cast<ConvolutionKind>(s.kind)) {
    case ConvolutionKind::forward:
      result->a = operand(w, forward.weights_desc(), DNNL_ARG_WEIGHTS, false);
      result->b = operand(x, forward.src_desc(), DNNL_ARG_SRC, false);
      result->result = operand(y, forward.dst_desc(), DNNL_ARG_DST, true);
      result->scratch = forward.scratchpad_desc();
      result->primitive = dnnl::convolution_forward(forward);
      break;
    case ConvolutionKind::gradientX: {
      const dnnl::convolution_backward_data::primitive_desc data(
          {dnnl::algorithm::convolution_direct, anyX, anyW, anyY, stride, dilation, padding, padding}, own, engine, forward);
      result->a = operand(w, data.weights_desc(), DNNL_ARG_WEIGHTS, false);
      result->b = operand(y, data.diff_dst_desc(), DNNL_ARG_DIFF_DST, false);
      result->result = operand(x, data.diff_src_desc(), DNNL_ARG_DIFF_SRC, true);
      result->scratch = data.scratchpad_desc();
      result->primitive = dnnl::convolution_backward_data(data);
      break;
    }
    case ConvolutionKind::gradientW: {
      const dnnl::convolution_backward_weights::primitive_desc filters(
          {dnnl::algorithm::convolution_direct, anyX, anyW, anyY, stride, dilation, padding, padding}, own, engine, forward);
      result->a = operand(x, filters.src_desc(), DNNL_ARG_SRC, false);
      result->b = operand(y, filters.diff_dst_desc(), DNNL_ARG_DIFF_DST, false);
      result->result = operand(w, filters.diff_weights_desc(), DNNL_ARG_DIFF_WEIGHTS, true);
      result->scratch = filters.scratchpad_desc();
      result->primitive = dnnl::convolution_backward_weights(filters);
      break;
    }
  }
  return result;
}

struct Entry {
  OnednnShape shape;
  std::shared_ptr<const OnednnPrimitive> primitive;
};

}  // namespace

const dnnl::engine& onednnEngine() {
  // Never destroyed: threads may use it while the process ends.
  static const dnnl::engine* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

std::shared_ptr<const OnednnPrimitive> onednnPrimitive(const OnednnShape& shape, const memory::desc* weights) {
  static std::mutex* const mutex = new std::mutex;
  static std::list<Entry>* const cache = new std::list<Entry>;  // latest use first
  std::lock_guard<std::mutex> lock(*mutex);
  for (auto entry = cache->begin(); entry != cache->end(); ++entry) {
    if (std::memcmp(&entry->shape, &shape, sizeof shape) != 0) continue;
    cache->splice(cache->begin(), *cache, entry);
    return entry->primitive;
  }
  cache->push_front({shape, make(shape, weights)});
  if (cache->size() > cachedPrimitives) cache->pop_back();
  return cache->front().primitive;
}

}  // namespace knet
