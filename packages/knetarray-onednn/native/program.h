// Programs: fused elementwise functions, compiled once into loops over blocks.
#pragma once

#include "operations.h"
#include "types.h"

namespace knet {

inline constexpr int maxInputs = 31;
inline constexpr int maxScalars = 31;
inline constexpr int maxSteps = 63;
inline constexpr int maxOutputs = 32;
inline constexpr int maxRegisters = maxInputs + maxScalars + maxSteps;

// One instruction; step s writes register `first + s`.
struct Step {
  Op op;
  uint8_t arity;
  uint8_t args[3];
  // The slot of scratch memory of its register.
  uint8_t slot;
  // By the set of operands that are one number.
  Loop loops[8];
};

struct Program {
  DType dtype;
  int inputs, scalars, steps, outputs;
  // The register of the first step.
  int first;
  Step step[maxSteps];
  uint8_t output[maxOutputs];
  // Slots of scratch memory that the registers of steps need, one block each.
  int slots;
  // About how long one element takes, in picoseconds on one thread.
  int64_t cost;
};

namespace avx2 {
Loop loopOf(DType dtype, Op op, int uniform);
}
namespace avx512 {
Loop loopOf(DType dtype, Op op, int uniform);
}

// The program behind a handle, of the thread whose commands name it.
const Program& programOf(int64_t handle);

}  // namespace knet
