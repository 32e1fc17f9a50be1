#include "program.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels.h"

namespace knet {
namespace {

// Every thread of Node compiles its own.
thread_local std::vector<std::unique_ptr<Code>> programs;

// Gives registers to slots: one is free again after the last instruction that reads it. `args` hold numbers of registers - inputs,
// scalars, results of instructions - and hold slots afterwards.
void assignSlots(Code& code) {
  const int first = code.inputs + code.scalars;
  std::vector<int> lastUse(first + code.steps, -1), slotOf(first + code.steps, 0);
  const auto argsOf = [](Step& step) { return std::vector<uint8_t>(step.args, step.args + arityOf(step.op)); };
  for (int s = 0; s < code.steps; s++) {
    for (const uint8_t r : argsOf(code.step[s])) lastUse[r] = s;
  }
  for (int k = 0; k < code.outputs; k++) lastUse[code.output[k]] = code.steps;
  std::vector<bool> taken(maxSlots, false);
  for (int k = 0; k < code.inputs; k++) {
    slotOf[k] = k;
    taken[k] = true;
  }
  for (int k = 0; k < code.scalars; k++) slotOf[code.inputs + k] = scalarBit | k;
  code.slots = code.inputs;
  for (int s = 0; s < code.steps; s++) {
    Step& step = code.step[s];
    const std::vector<uint8_t> args = argsOf(step);
    for (size_t k = 0; k < args.size(); k++) step.args[k] = static_cast<uint8_t>(slotOf[args[k]]);
    // Arguments are read before the result is written, so that it may take the place of one.
    for (const uint8_t r : args) {
      if ((slotOf[r] & scalarBit) == 0 && lastUse[r] == s) taken[slotOf[r]] = false;
    }
    const int slot = static_cast<int>(std::find(taken.begin(), taken.end(), false) - taken.begin());
    taken[slot] = true;
    slotOf[first + s] = slot;
    step.out = static_cast<uint8_t>(slot);
    code.slots = std::max(code.slots, slot + 1);
  }
  for (int k = 0; k < code.outputs; k++) code.output[k] = static_cast<uint8_t>(slotOf[code.output[k]]);
}

// A scalar as the registers hold it.
double scalarAs(DType dtype, double x) {
  switch (dtype) {
    case DType::int32:
      return wrapToInt32(x);
    case DType::uint8:
      return static_cast<uint8_t>(wrapToInt32(x));
    case DType::boolean:
      return x != 0;
    default:
      return x;
  }
}

// Whether the elements of an operand lie one behind the other.
bool isRun(int rank, const int64_t* shape, const int64_t* strides) {
  int64_t expected = 1;
  for (int d = 0; d < rank; d++) {
    if (strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

}  // namespace

const Code& codeOf(int64_t handle) { return *programs.at(static_cast<size_t>(handle)); }

// Written by `compile` in native-commands/src/programs.ts, which reads the handle from the first word.
void compileCommand(double* words) {
  Words w(words);
  auto code = std::make_unique<Code>();
  code->dtype = w.dtype();
  code->inputs = static_cast<int>(w.integer());
  code->scalars = static_cast<int>(w.integer());
  code->steps = static_cast<int>(w.integer());
  if (code->inputs > maxArrays || code->scalars > maxScalars || code->steps > maxSteps) throw std::out_of_range("a program beyond the limits");
  for (int s = 0; s < code->steps; s++) {
    Step& step = code->step[s];
    step = Step{};
    step.op = static_cast<Op>(w.integer());
    for (int k = 0; k < arityOf(step.op); k++) step.args[k] = static_cast<uint8_t>(w.integer());
  }
  code->outputs = static_cast<int>(w.integer());
  if (code->inputs + code->outputs > maxArrays) throw std::out_of_range("a program of too many arrays");
  for (int k = 0; k < code->outputs; k++) code->output[k] = static_cast<uint8_t>(w.integer());
  assignSlots(*code);
  programs.push_back(std::move(code));
  words[0] = static_cast<double>(programs.size() - 1);
}

void bind(Bound& p, const Code& code, Words& w, int rank, const int64_t* shape, bool* reduced, bool outputs) {
  if (rank > maxGivenRank) throw std::out_of_range("an array of too many dimensions");
  p.code = code;
  const int count = code.inputs + (outputs ? code.outputs : 0);
  for (int k = 0; k < code.scalars; k++) p.scalars[k] = scalarAs(code.dtype, w.number());
  int64_t strides[maxArrays][maxGivenRank];
  for (int k = 0; k < count; k++) {
    p.operands[k].data = w.address();
    p.operands[k].dtype = w.dtype();
    for (int d = 0; d < rank; d++) strides[k][d] = w.integer();
  }
  p.size = 1;
  p.rank = 0;
  int64_t merged[maxArrays][maxGivenRank], lengths[maxGivenRank];
  bool kinds[maxGivenRank] = {};
  for (int d = 0; d < rank; d++) {
    p.size *= shape[d];
    if (shape[d] == 1) continue;
    bool joins = p.rank > 0 && (reduced == nullptr || kinds[p.rank - 1] == reduced[d]);
    for (int k = 0; joins && k < count; k++) joins = strides[k][d] == merged[k][p.rank - 1] * lengths[p.rank - 1];
    if (joins) {
      lengths[p.rank - 1] *= shape[d];
      continue;
    }
    lengths[p.rank] = shape[d];
    kinds[p.rank] = reduced != nullptr && reduced[d];
    for (int k = 0; k < count; k++) merged[k][p.rank] = strides[k][d];
    p.rank++;
  }
  if (p.rank > maxRank) throw std::out_of_range("an array of more than 16 dimensions that do not lie in one run: copy it first");
  std::copy(lengths, lengths + p.rank, p.shape);
  if (reduced != nullptr) std::copy(kinds, kinds + p.rank, reduced);
  for (int k = 0; k < count; k++) {
    Operand& x = p.operands[k];
    std::copy(merged[k], merged[k] + p.rank, x.strides);
    const bool still = std::all_of(x.strides, x.strides + p.rank, [](int64_t s) { return s == 0; });
    x.walk = still ? Walk::point : isRun(p.rank, p.shape, x.strides) ? Walk::run : Walk::strided;
  }
}

}  // namespace knet
