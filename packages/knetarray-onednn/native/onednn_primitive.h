// One convolution of oneDNN, with the layouts that it wants, and a cache of them.
#pragma once

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "convolution.h"

namespace knet {

// The two-dimensional convolution of some images and some channels of a larger one. All numbers: it is compared as bytes.
struct OnednnShape {
  int64_t kind;                            // a ConvolutionKind
  int64_t layoutImages;                    // the weights have the layout that is wanted for so many images
  int64_t images, inputs, outputs, group;  // inputs and outputs of one group; with several groups they are the larger one's
  int64_t allInputs, allOutputs;           // channels of the larger one: distances between images and between filters
  int64_t x[2], w[2], y[2], padding[2], stride[2], dilation[2];  // height, width
};

// What a primitive reads and writes: its place in the arrays of the caller, in their layout, and the layout it wants.
struct OnednnOperand {
  dnnl::memory::desc plain, wanted;
  dnnl::reorder change;  // from plain to wanted, or back for the result; empty if they are the same
  int role;              // DNNL_ARG_...
  bool changes() const { return static_cast<bool>(change); }
};

struct OnednnPrimitive {
  OnednnOperand a, b, result;  // as in Backend.convolution
  dnnl::memory::desc scratch;
  dnnl::primitive primitive;
};

const dnnl::engine& onednnEngine();

// From the cache, or made. It may be used by several threads at a time. `weights` is the layout of the weights if they already
// have one, that is, if shape.layoutImages is not shape.images. Throws dnnl::error.
std::shared_ptr<const OnednnPrimitive> onednnPrimitive(const OnednnShape& shape, const dnnl::memory::desc* weights = nullptr);

}  // namespace knet
