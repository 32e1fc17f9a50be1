#include "plan.h"

#include <algorithm>
#include <cstring>

#include "convert.h"
#include "isa.h"
#include "scratch.h"

namespace knet {
namespace {

// Blocks of all registers together should stay in the L1 cache.
constexpr int64_t blockBytes = 32768;
constexpr int64_t fewestElements = 256;
constexpr int64_t mostElements = 2048;

// Rows of at least this many elements are worth a loop each; shorter ones are gathered into blocks.
constexpr int64_t longRow = 128;

// Vectors of the last elements may be written past the end of a block.
constexpr int64_t padding = 64;

bool isByte(DType dtype) { return dtype == DType::uint8 || dtype == DType::boolean; }

}  // namespace

// Where registers are while blocks are computed.
struct Plan::Cursor {
  char* at[maxRegisters];
  char* blocks;
  char* target;
  // For periodic inputs: how many elements of their block are filled.
  int64_t filled[maxInputs];
};

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

const char* Plan::direct() const {
  return program_.steps == 0 && inputs_[0].access == Access::inPlace && !byRows_ ? inputs_[0].data : nullptr;
}

// Where row number `row` of an operand begins, in elements.
int64_t Plan::rowOffset(const Operand& x, int64_t row) const {
  int64_t offset = 0;
  for (int d = 1; d < rank_; d++) {
    const int64_t rest = row / shape_[d];
    offset += (row - rest * shape_[d]) * x.strides[d];
    row = rest;
  }
  return offset;
}

// Calls f(offset of a run in the operand, its place in the block, its length) for the runs along dimension 0.
template <class F>
void Plan::forRows(const Operand& x, int64_t start, int64_t n, F&& f) const {
  const int64_t length = shape_[0];
  int64_t row = start / length, within = start - row * length;
  int64_t index[maxRank];
  int64_t offset = 0;
  for (int d = 1; d < rank_; d++) {
    const int64_t rest = row / shape_[d];
    index[d] = row - rest * shape_[d];
    offset += index[d] * x.strides[d];
    row = rest;
  }
  for (int64_t done = 0;;) {
    const int64_t count = std::min(length - within, n - done);
    f(offset + within * x.strides[0], done, count);
    done += count;
    if (done == n) return;
    within = 0;
    for (int d = 1; d < rank_; d++) {
      offset += x.strides[d];
      if (++index[d] < shape_[d]) break;
      offset -= x.strides[d] * shape_[d];
      index[d] = 0;
    }
  }
}

void Plan::fill(Cursor& c, int i, int64_t start, int64_t n) const {
  const Operand& x = inputs_[i];
  const int64_t bytes = bytes_, from = bytesOf(x.dtype);
  char* const block = c.at[i];
  if (x.periodic && !byRows_ && start % shape_[0] == 0) {
    if (c.filled[i] >= n) return;
    c.filled[i] = n;
    int64_t done = std::min(n, shape_[0]);
    x.convert(done, block, 1, x.data, x.strides[0]);
    for (; done < n; done *= 2) std::memcpy(block + done * bytes, block, static_cast<size_t>(std::min(done, n - done) * bytes));
    return;
  }
  c.filled[i] = 0;
  const int64_t rows = n / shape_[0];
  if (rank_ == 2 && x.strides[0] == 0 && bytes == 4 && sameType(x.dtype) && start % shape_[0] == 0 && rows * shape_[0] == n) {
    KNET_DISPATCH(spread)(rows, shape_[0], block, x.data + start / shape_[0] * x.strides[1] * from, x.strides[1]);
    return;
  }
  forRows(x, start, n, [&](int64_t offset, int64_t place, int64_t count) {
    x.convert(count, block + place * bytes, 1, x.data + offset * from, x.strides[0]);
  });
}

void Plan::store(const Cursor& c, int k, int64_t start, int64_t n) const {
  const Operand& x = outputsOf_[k];
  const int r = program_.output[k];
  const int64_t step = isUniform_[r] ? 0 : 1, to = bytesOf(x.dtype);
  const bool scratch = x.data == nullptr;
  char* const data = scratch ? c.target : x.data;
  forRows(x, start, n, [&](int64_t offset, int64_t place, int64_t count) {
    x.convert(count, data + offset * to, x.strides[0], c.at[r] + place * step * bytes_, step);
  });
}

void Plan::computePiece(Cursor& c, int64_t start, int64_t n) const {
  const Program& p = program_;
  const int64_t row = byRows_ ? start / shape_[0] : 0;
  const int64_t within = start - row * shape_[0];
  for (int i = 0; i < p.inputs; i++) {
    const Operand& x = inputs_[i];
    if (x.access == Access::inPlace)
      c.at[i] = x.data + (byRows_ ? rowOffset(x, row) + within : start) * bytes_;
    else if (x.access == Access::staged)
      fill(c, i, start, n);
    else if (byRows_)
      c.at[i] = x.data + rowOffset(x, row) * bytes_;
  }
  for (int s = 0; s < p.steps; s++) {
    const PlanStep& step = steps_[s];
    if (direct_[s] >= 0) {
      const Operand& x = outputsOf_[direct_[s]];
      char* const data = x.data == nullptr ? c.target : x.data;
      c.at[step.out] = data + (byRows_ ? rowOffset(x, row) + within : start) * bytes_;
    }
    step.loop(step.once ? 1 : n, c.at[step.out], c.at[step.args[0]], c.at[step.args[1]], c.at[step.args[2]]);
  }
  for (int k = 0; k < outputs_; k++) {
    if (outputsOf_[k].access == Access::staged) store(c, k, start, n);
  }
}

void Plan::run(int64_t start, int64_t end, char* target) const {
  const Program& p = program_;
  const int64_t stride = block_ * bytes_ + padding;
  Cursor c;
  c.blocks = scratch(Purpose::blocks, static_cast<size_t>(stride * blocks_));
  c.target = target;
  for (int i = 0; i < p.inputs; i++) {
    const Operand& x = inputs_[i];
    c.at[i] = x.access == Access::staged ? c.blocks + x.slot * stride : x.data;
    c.filled[i] = 0;
  }
  for (int i = 0; i < p.scalars; i++) c.at[p.inputs + i] = const_cast<char*>(scalars_ + 8 * i);
  for (int s = 0; s < p.steps; s++) c.at[p.first + s] = c.blocks + p.step[s].slot * stride;
  while (start < end) {
    int64_t n = std::min(block_, end - start);
    if (byRows_) n = std::min(n, shape_[0] - start % shape_[0]);
    computePiece(c, start, n);
    start += n;
  }
}

}  // namespace knet
