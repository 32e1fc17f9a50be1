#include "../device.h"
#include "../kernels.h"
namespace knet {
void maxPoolingCommand(const double*) { throw std::runtime_error("maxPoolingCommand is not written yet"); }
void maxPoolingGradientCommand(const double*) { throw std::runtime_error("maxPoolingGradientCommand is not written yet"); }
}
