// Computing the elements of a plan, block by block.
#include <algorithm>
#include <cstring>

#include "isa.h"
#include "plan.h"
#include "scratch.h"

namespace knet {
namespace {

// Vectors of the last elements may be written past the end of a block.
constexpr int64_t padding = 64;

}  // namespace

// Where registers are while blocks are computed.
struct Plan::Cursor {
  char* at[maxRegisters];
  char* blocks;
  char* target;
  // For periodic inputs: how many elements of their block are filled.
  int64_t filled[maxInputs];
};

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
  c.blocks = static_cast<char*>(scratch(Scratch::blocks, static_cast<size_t>(stride * blocks_)));
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
