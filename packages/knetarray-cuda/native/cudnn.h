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

namespace cudnn {

// Its functions.
const Api& api();

// The handle of this thread, whose work is done on its stream; null if cuDNN is not used.
Handle handle();

// Throws a GpuError with what cuDNN says, unless all went well.
void check(Status status, const char* what);

// For convolution: gives descriptors back.
void forgetPlans();

}  // namespace cudnn
}  // namespace knet
