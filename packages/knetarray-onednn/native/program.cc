#include "program.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "isa.h"
#include "kernels.h"
#include "queue.h"
#include "words.h"

namespace knet {
namespace {

// Every thread of Node compiles its own.
thread_local std::vector<std::unique_ptr<Program>> programs;

// Made after them, and so destroyed before: commands that wait may still use them.
struct Leave {
  ~Leave() { leaveQueue(); }
};
thread_local const Leave leave;

// Picoseconds per element, roughly, on a core of 3 GHz.
int64_t costOf(Op op, DType dtype) {
  const bool vectors = dtype == DType::float32;
  switch (op) {
    case Op::copy: case Op::neg: case Op::abs: case Op::abs2: case Op::sign: case Op::isfinite: case Op::isnan: case Op::add:
    case Op::sub: case Op::mul: case Op::max: case Op::min: case Op::eq: case Op::ne: case Op::gt: case Op::ge: case Op::lt:
    case Op::le: case Op::where: case Op::floor: case Op::ceil: case Op::round: case Op::trunc:
      return bytesOf(dtype) * 7;
    case Op::div: case Op::sqrt: case Op::exp: case Op::exp2: case Op::exp10: case Op::log: case Op::log2: case Op::log10:
    case Op::log1p: case Op::expm1: case Op::tanh: case Op::sin: case Op::cos:
      return vectors ? 200 : 8000;
    case Op::erfinv: case Op::erfcinv: case Op::lgamma: case Op::digamma: case Op::polygamma:
      return 200000;
    case Op::atan: case Op::tan: case Op::sinh: case Op::cosh:
      return vectors ? 400 : 12000;
    default:
      return 12000;
  }
}

// Registers of steps share slots: one is free again after the last step that reads it. Outputs keep theirs.
void assignSlots(Program& p) {
  int lastUse[maxRegisters] = {};
  for (int s = 0; s < p.steps; s++) {
    for (int k = 0; k < p.step[s].arity; k++) lastUse[p.step[s].args[k]] = s;
  }
  for (int k = 0; k < p.outputs; k++) lastUse[p.output[k]] = p.steps;
  bool taken[maxSteps] = {};
  p.slots = 0;
  for (int s = 0; s < p.steps; s++) {
    Step& step = p.step[s];
    for (int k = 0; k < step.arity; k++) {
      const int r = step.args[k];
      if (r >= p.first && lastUse[r] == s) taken[p.step[r - p.first].slot] = false;
    }
    const int slot = static_cast<int>(std::find(taken, taken + maxSteps, false) - taken);
    taken[slot] = true;
    step.slot = static_cast<uint8_t>(slot);
    p.slots = std::max(p.slots, slot + 1);
  }
}

}  // namespace

// A handle is an address: the thread that computes a command need not be the one that compiled its program.
const Program& programOf(int64_t handle) { return *reinterpret_cast<const Program*>(handle); }

// Written by `compile` in native-commands/src/programs.ts, which reads the handle from the first word.
void compileCommand(double* words) {
  Words w(words);
  auto program = std::make_unique<Program>();
  Program& p = *program;
  p.dtype = w.dtype();
  p.inputs = static_cast<int>(w.integer());
  p.scalars = static_cast<int>(w.integer());
  p.first = p.inputs + p.scalars;
  p.steps = static_cast<int>(w.integer());
  p.cost = 0;
  for (int s = 0; s < p.steps; s++) {
    Step& step = p.step[s];
    step.op = static_cast<Op>(w.integer());
    step.arity = static_cast<uint8_t>(arityOf(step.op));
    for (int k = 0; k < step.arity; k++) step.args[k] = static_cast<uint8_t>(w.integer());
    for (int uniform = 0; uniform < 1 << step.arity; uniform++) step.loops[uniform] = KNET_DISPATCH(loopOf)(p.dtype, step.op, uniform);
    p.cost += costOf(step.op, p.dtype);
  }
  p.outputs = static_cast<int>(w.integer());
  for (int k = 0; k < p.outputs; k++) p.output[k] = static_cast<uint8_t>(w.integer());
  p.cost += bytesOf(p.dtype) * 15 * (p.inputs + p.outputs);
  assignSlots(p);
  words[0] = static_cast<double>(reinterpret_cast<uintptr_t>(program.get()));
  programs.push_back(std::move(program));
}

}  // namespace knet
