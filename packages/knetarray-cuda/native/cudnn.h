// cuDNN, opened at run time where it is installed.
#pragma once

#include <string>

#include "cudnn_api.h"

namespace knet {

struct Convolution;

// Version of cuDNN, or in parentheses the reason why it is not used.
std::string dnnInfo();

// Gives back what cuDNN holds for this thread.
void closeDnn();

// Convolution by cuDNN; false if it is not there or has nothing for this geometry. a and b are (w, x), (w, dy) or (x, dy) by kind.
bool dnnConvolution(const Convolution& c, const char* a, const char* b, char* output);

// Whether cuDNN is there and has recurrent networks; the commands of LSTM layers need it.
bool hasLstmLayers();

namespace cudnn {

// Its functions.
const Api& api();

// The handle of this thread, whose work is done on its stream; null if cuDNN is not used.
Handle handle();

// Throws a GpuError with what cuDNN says, unless all went well.
void check(Status status, const char* what);

// What cuDNN says of a status.
std::string describe(Status status);

// Whether cuDNN has nothing for what it was asked.
inline bool isUnsupported(Status status) { return status >= notSupported && status < internalError; }

// A descriptor that is given back.
class Owned {
 public:
  using Create = Status (*)(Descriptor*);
  using Destroy = Status (*)(Descriptor);
  Owned(Create create, Destroy destroy) : destroy_(destroy) { check(create(&descriptor_), "making a descriptor"); }
  ~Owned() { destroy_(descriptor_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator Descriptor() const { return descriptor_; }

 private:
  Destroy destroy_;
  Descriptor descriptor_ = nullptr;
};

// For convolution and for LSTM layers: gives descriptors back.
void forgetPlans();
void forgetLayers();

}  // namespace cudnn
}  // namespace knet
