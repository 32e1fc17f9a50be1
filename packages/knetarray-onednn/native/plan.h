// A program bound to its operands: which registers lie where, and how a range of elements is computed block by block.
#pragma once

#include "program.h"
#include "words.h"

namespace knet {

// Copies n elements with a change of type. Strides count elements.
using Convert = void (*)(int64_t n, char* out, int64_t outStride, const char* in, int64_t inStride);

// spread: repeats each of `rows` numbers of 4 bytes `length` times. Up to 64 bytes past the end may be overwritten.

namespace avx2 {
Convert convertOf(DType to, DType from);
void spread(int64_t rows, int64_t length, char* out, const char* in, int64_t stride);
}  // namespace avx2
namespace avx512 {
Convert convertOf(DType to, DType from);
void spread(int64_t rows, int64_t length, char* out, const char* in, int64_t stride);
}  // namespace avx512

// How the blocks of an operand come to be.
enum class Access : uint8_t {
  // The loops work on its memory.
  inPlace,
  // One number: for all elements or, when a plan goes by rows, for a row.
  uniform,
  // Elements are copied between its memory and a block.
  staged,
};

struct Operand {
  char* data;
  DType dtype;
  Access access;
  // The block of a staged input.
  uint8_t slot;
  // Whether the elements repeat from row to row, so that a block serves for many.
  bool periodic;
  Convert convert;
  int64_t strides[maxRank];
};

struct PlanStep {
  Loop loop;
  uint8_t out, args[3];
  // All operands are one number: so is the result.
  bool once;
};

class Plan {
 public:
  explicit Plan(const Program& program) : program_(program), bytes_(bytesOf(program.dtype)) {}

  // Operands without gaps, of the program's type: scalars and addresses follow.
  void bindDense(Words& w, int64_t size);
  // Operands of any layout: scalars, then an address, a type and strides each.
  void bindStrided(Words& w, int rank, const int64_t* shape);
  // Inputs alone, as above. The one output has no gaps and begins where `run` is told.
  void bindInputs(Words& w, int rank, const int64_t* shape);

  int64_t size() const { return size_; }
  int64_t block() const { return block_; }
  // About how long all elements take on one thread, in picoseconds.
  int64_t cost() const { return size_ * program_.cost; }
  // When the program only reads an input that lies in one run: its memory, else null.
  const char* direct() const;

  // Computes elements start .. end - 1 in column-major order. `target` is where element 0 of the output
  // would be after bindInputs.
  void run(int64_t start, int64_t end, char* target = nullptr) const;

 private:
  struct Cursor;

  void readScalars(Words& w);
  void readOperands(Words& w, int rank);
  void collapse(int rank, const int64_t* shape);
  void chooseAccess();
  void prepare();
  bool isDense(const Operand& x) const;
  bool sameType(DType dtype) const;
  void computePiece(Cursor& c, int64_t start, int64_t n) const;
  void fill(Cursor& c, int i, int64_t start, int64_t n) const;
  void store(const Cursor& c, int k, int64_t start, int64_t n) const;
  template <class F>
  void forRows(const Operand& x, int64_t start, int64_t n, F&& f) const;
  int64_t rowOffset(const Operand& x, int64_t row) const;

  const Program& program_;
  const int64_t bytes_;
  int rank_, outputs_;
  int64_t size_, block_;
  int64_t shape_[maxRank];
  bool byRows_;
  bool isUniform_[maxRegisters];
  // The output that a register is computed into, or -1.
  int8_t direct_[maxSteps];
  int blocks_;
  Operand inputs_[maxInputs];
  Operand outputsOf_[maxOutputs];
  PlanStep steps_[maxSteps];
  alignas(8) char scalars_[(maxInputs + maxScalars) * 8];
};

}  // namespace knet
