#include "plan.h"

#include <algorithm>

#include "convert.h"
#include "isa.h"

namespace knet {
namespace {

// Blocks of all registers together should stay in the L1 cache.
constexpr int64_t blockBytes = 32768;
constexpr int64_t fewestElements = 256;
constexpr int64_t mostElements = 2048;

// Rows of at least this many elements are worth a loop each; shorter ones are gathered into blocks.
constexpr int64_t longRow = 128;

bool isByte(DType dtype) { return dtype == DType::uint8 || dtype == DType::boolean; }

}  // namespace

bool Plan::sameType(DType dtype) const {
  // Truth values are bytes, but not every byte is a truth value.
  return dtype == program_.dtype || (program_.dtype == DType::uint8 && dtype == DType::boolean);
}

void Plan::readScalars(Words& w) {
  for (int i = 0; i < program_.scalars; i++) {
    const double value = w.number();
    char* const at = scalars_ + 8 * i;
    switch (program_.dtype) {
      case DType::float32:
        *reinterpret_cast<float*>(at) = static_cast<float>(value);
        break;
      case DType::float64:
        *reinterpret_cast<double*>(at) = value;
        break;
      case DType::int32:
        *reinterpret_cast<int32_t*>(at) = fromDouble<int32_t>(value);
        break;
      default:
        *reinterpret_cast<uint8_t*>(at) = fromDouble<uint8_t>(value);
    }
  }
}

void Plan::bindDense(Words& w, int64_t size) {
  readScalars(w);
  rank_ = 1;
  shape_[0] = size_ = size;
  byRows_ = false;
  outputs_ = program_.outputs;
  for (int i = 0; i < program_.inputs + outputs_; i++) {
    Operand& x = i < program_.inputs ? inputs_[i] : outputsOf_[i - program_.inputs];
    x.data = w.address();
    x.dtype = program_.dtype;
    x.access = Access::inPlace;
    x.strides[0] = 1;
  }
  prepare();
}

void Plan::readOperands(Words& w, int rank) {
  for (int i = 0; i < program_.inputs + outputs_; i++) {
    Operand& x = i < program_.inputs ? inputs_[i] : outputsOf_[i - program_.inputs];
    x.data = w.address();
    x.dtype = w.dtype();
    for (int d = 0; d < rank; d++) x.strides[d] = w.integer();
  }
}

void Plan::bindStrided(Words& w, int rank, const int64_t* shape) {
  readScalars(w);
  outputs_ = program_.outputs;
  readOperands(w, rank);
  collapse(rank, shape);
  chooseAccess();
  prepare();
}

void Plan::bindInputs(Words& w, int rank, const int64_t* shape) {
  readScalars(w);
  outputs_ = 0;
  readOperands(w, rank);
  collapse(rank, shape);
  chooseAccess();
  outputs_ = 1;
  Operand& x = outputsOf_[0];
  x.data = nullptr;
  x.dtype = program_.dtype;
  x.access = Access::inPlace;
  int64_t step = 1;
  for (int d = 0; d < rank_; step *= shape_[d++]) x.strides[d] = step;
  prepare();
}

// Merges neighbouring dimensions that every operand walks in one step, and drops those of length 1.
void Plan::collapse(int rank, const int64_t* shape) {
  Operand* operands[maxInputs + maxOutputs];
  int count = 0;
  for (int i = 0; i < program_.inputs; i++) operands[count++] = &inputs_[i];
  for (int k = 0; k < outputs_; k++) operands[count++] = &outputsOf_[k];
  rank_ = 0;
  size_ = 1;
  for (int d = 0; d < rank; d++) {
    const int64_t n = shape[d];
    size_ *= n;
    if (n == 1) continue;
    bool merge = rank_ > 0;
    for (int i = 0; merge && i < count; i++) merge = operands[i]->strides[d] == operands[i]->strides[rank_ - 1] * shape_[rank_ - 1];
    if (merge) {
      shape_[rank_ - 1] *= n;
    } else {
      shape_[rank_] = n;
      for (int i = 0; i < count; i++) operands[i]->strides[rank_] = operands[i]->strides[d];
      rank_++;
    }
  }
  if (rank_ == 0) {
    rank_ = 1;
    shape_[0] = 1;
    for (int i = 0; i < count; i++) operands[i]->strides[0] = 1;
  }
}

bool Plan::isDense(const Operand& x) const {
  int64_t step = 1;
  for (int d = 0; d < rank_; step *= shape_[d++]) {
    if (x.strides[d] != step) return false;
  }
  return true;
}

void Plan::chooseAccess() {
  byRows_ = rank_ > 1 && shape_[0] >= longRow;
  for (int i = 0; i < program_.inputs; i++) {
    Operand& x = inputs_[i];
    const bool repeats = std::all_of(x.strides + 1, x.strides + rank_, [](int64_t s) { return s == 0; });
    x.periodic = rank_ > 1 && repeats;
    if (x.strides[0] == 0 && repeats) {
      x.access = Access::uniform;
      if (!sameType(x.dtype)) {
        // Converted once, after the scalars.
        char* const value = scalars_ + 8 * (maxScalars + i);
        KNET_DISPATCH(convertOf)(program_.dtype, x.dtype)(1, value, 1, x.data, 1);
        x.data = value;
      }
    } else if (sameType(x.dtype) && (byRows_ ? x.strides[0] == 1 : isDense(x))) {
      x.access = Access::inPlace;
    } else if (sameType(x.dtype) && byRows_ && x.strides[0] == 0) {
      x.access = Access::uniform;
    } else {
      x.access = Access::staged;
      x.convert = KNET_DISPATCH(convertOf)(program_.dtype, x.dtype);
    }
  }
  for (int k = 0; k < outputs_; k++) {
    Operand& x = outputsOf_[k];
    // The bytes of a uint8 program may go to a bool array as they are.
    const bool same = x.dtype == program_.dtype || (isByte(x.dtype) && isByte(program_.dtype));
    x.access = same && (byRows_ ? x.strides[0] == 1 : isDense(x)) ? Access::inPlace : Access::staged;
    // Values in bool arrays are kept as bytes: only copies into a bool program make truth values.
    x.convert = KNET_DISPATCH(convertOf)(x.dtype == DType::boolean ? DType::uint8 : x.dtype, program_.dtype);
  }
}

// Decides on the loop of every step, on blocks and on their length.
void Plan::prepare() {
  const Program& p = program_;
  blocks_ = p.slots;
  for (int i = 0; i < p.inputs; i++) {
    isUniform_[i] = inputs_[i].access == Access::uniform;
    if (inputs_[i].access == Access::staged) inputs_[i].slot = static_cast<uint8_t>(blocks_++);
  }
  for (int i = 0; i < p.scalars; i++) isUniform_[p.inputs + i] = true;
  for (int s = 0; s < p.steps; s++) direct_[s] = -1;
  for (int k = 0; k < outputs_; k++) {
    const int s = p.output[k] - p.first;
    Operand& x = outputsOf_[k];
    if (x.access == Access::inPlace && s >= 0 && direct_[s] < 0) {
      direct_[s] = static_cast<int8_t>(k);
    } else if (x.access == Access::inPlace) {
      // A register that is stored twice, or an input: copied.
      x.access = Access::staged;
      x.convert = KNET_DISPATCH(convertOf)(p.dtype == DType::boolean ? DType::uint8 : p.dtype, p.dtype);
    }
  }
  for (int s = 0; s < p.steps; s++) {
    const Step& step = p.step[s];
    int uniform = 0;
    for (int k = 0; k < step.arity; k++) uniform |= isUniform_[step.args[k]] << k;
    const bool all = uniform == (1 << step.arity) - 1;
    PlanStep& mine = steps_[s];
    mine.once = all && direct_[s] < 0;
    mine.loop = step.loops[mine.once ? 0 : uniform];
    mine.out = static_cast<uint8_t>(p.first + s);
    for (int k = 0; k < 3; k++) mine.args[k] = step.args[k < step.arity ? k : 0];
    isUniform_[p.first + s] = mine.once;
  }
  const int64_t registers = std::max(1, blocks_ + p.inputs + outputs_);
  block_ = std::clamp(blockBytes / bytes_ / registers, fewestElements, mostElements) & ~int64_t{63};
  // Whole rows, so that a periodic input is the same in every block.
  if (!byRows_ && rank_ > 1 && shape_[0] < block_) block_ = block_ / shape_[0] * shape_[0];
}

}  // namespace knet
