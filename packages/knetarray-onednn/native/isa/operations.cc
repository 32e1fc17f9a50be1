// Chooses the loop of an operation for an element type.
#include "../program.h"
#include "arithmetic.h"
#include "float32.h"
#include "scalar-functions.h"

namespace knet::KNET_ISA {
namespace {

template <class T>
Loop loopFor(Op op, int uniform) {
  const Loop own = ownLoop<T>(op, uniform);
  return own != nullptr ? own : loopThroughDouble<T>(op, uniform);
}

}  // namespace

Loop loopOf(DType dtype, Op op, int uniform) {
  switch (dtype) {
    case DType::float32: {
      const Loop vectors = float32Loop(op, uniform);
      return vectors != nullptr ? vectors : loopFor<float>(op, uniform);
    }
    case DType::float64:
      return loopFor<double>(op, uniform);
    case DType::int32:
      return loopFor<int32_t>(op, uniform);
    case DType::boolean:
      if (op == Op::copy) return unaryOf<uint8_t, own::Truth<uint8_t>>(uniform);
      return loopFor<uint8_t>(op, uniform);
    default:
      return loopFor<uint8_t>(op, uniform);
  }
}

}  // namespace knet::KNET_ISA
