#include "../device.h"
#include "../kernels.h"
namespace knet {
void cumsumCommand(const double*) { throw std::runtime_error("cumsumCommand is not written yet"); }
}
