// Programs: fused elementwise functions as a list of instructions that kernels interpret. An instruction is decoded once for
// several elements of every thread; all threads decode the same one.
#pragma once

#include "operations.h"
#include "words.h"

namespace knet {

// As `limits` in src/cuda-backend.ts says.
inline constexpr int maxArrays = 16;
inline constexpr int maxSteps = 48;
inline constexpr int maxScalars = 31;
// Registers that hold elements: inputs, and results of instructions.
inline constexpr int maxSlots = 64;

// A register as an instruction names it: the number of a slot, or of a scalar with this bit.
inline constexpr uint8_t scalarBit = 128;

struct Step {
  Op op;
  uint8_t out;
  uint8_t args[3];
};

// What a program does; the same for every call.
struct Code {
  DType dtype;
  int32_t inputs, outputs, scalars, steps;
  // Slots in use; that of input k is k.
  int32_t slots;
  Step step[maxSteps];
  // The registers to store.
  uint8_t output[maxArrays];
};

// How an operand is walked: always the same element, one after the other, or by strides.
enum class Walk : int32_t { point, run, strided };

struct Operand {
  char* data;
  DType dtype;
  Walk walk;
  int64_t strides[maxRank];
};

// A program bound to its operands: inputs, then outputs.
struct Bound {
  Code code;
  int32_t rank;
  int64_t size;
  int64_t shape[maxRank];
  double scalars[maxScalars];
  Operand operands[maxArrays];
};

// The program behind a handle of this thread.
const Code& codeOf(int64_t handle);

// Reads scalars, and of each operand its address, dtype and strides; merges dimensions where that is possible. With `reduced`, only
// dimensions that are alike in it are merged, and it tells about the merged ones afterwards.
// @throws std::out_of_range when more than maxRank dimensions remain
void bind(Bound& bound, const Code& code, Words& words, int rank, const int64_t* shape, bool* reduced = nullptr, bool outputs = true);

// No place: they may be negative, since strides may.
inline constexpr int64_t nowhere = INT64_MIN;

// Reads elements of type M, all of them before any is used, so that they are under way together.
template <class M, class R, int width>
__device__ void readAll(const char* data, const int64_t (&at)[width], R (&x)[width]) {
  M raw[width] = {};
  KNET_UNROLL
  for (int v = 0; v < width; v++) {
    if (at[v] != nowhere) raw[v] = reinterpret_cast<const M*>(data)[at[v]];
  }
  KNET_UNROLL
  for (int v = 0; v < width; v++) x[v] = convert<R>(static_cast<Compute<M>>(raw[v]));
}

template <class R, int width>
__device__ void loadAs(const char* data, DType dtype, const int64_t (&at)[width], R (&x)[width]) {
  switch (dtype) {
    case DType::float64:
      return readAll<double>(data, at, x);
    case DType::int32:
      return readAll<int32_t>(data, at, x);
    case DType::uint8:
    case DType::boolean:
      return readAll<uint8_t>(data, at, x);
    case DType::float16:
      return readAll<Half>(data, at, x);
    case DType::bfloat16:
      return readAll<Bfloat>(data, at, x);
    default:
      return readAll<float>(data, at, x);
  }
}

template <class R>
__device__ void storeAs(char* data, DType dtype, int64_t i, R x) {
  switch (dtype) {
    case DType::float64:
      reinterpret_cast<double*>(data)[i] = convert<double>(x);
      break;
    case DType::int32:
      reinterpret_cast<int32_t*>(data)[i] = convert<int32_t>(x);
      break;
    case DType::uint8:
      reinterpret_cast<uint8_t*>(data)[i] = convert<uint8_t>(x);
      break;
    case DType::boolean:
      reinterpret_cast<uint8_t*>(data)[i] = x != R(0);
      break;
    case DType::float16:
      reinterpret_cast<Half*>(data)[i] = Half(convert<float>(x));
      break;
    case DType::bfloat16:
      reinterpret_cast<Bfloat*>(data)[i] = Bfloat(convert<float>(x));
      break;
    default:
      reinterpret_cast<float*>(data)[i] = convert<float>(x);
  }
}

// Where element i of an operand is.
__device__ inline int64_t placeOf(const Operand& x, int rank, const int64_t* shape, int64_t i) {
  if (x.walk == Walk::run) return i;
  if (x.walk == Walk::point) return 0;
  int64_t place = 0;
  // Division of 64 bits takes several times as long as of 32.
  if (i <= 0x7fffffff) {
    uint32_t rest = static_cast<uint32_t>(i);
    for (int d = 0; d < rank - 1; d++) {
      const uint32_t length = static_cast<uint32_t>(shape[d]), next = rest / length;
      place += static_cast<int64_t>(rest - next * length) * x.strides[d];
      rest = next;
    }
    return place + static_cast<int64_t>(rest) * x.strides[rank - 1];
  }
  for (int d = 0; d < rank - 1; d++) {
    const int64_t next = i / shape[d];
    place += (i - next * shape[d]) * x.strides[d];
    i = next;
  }
  return place + i * x.strides[rank - 1];
}

// Rounds what an instruction computed to the precision of its dtype.
template <class R, int width>
__device__ void roundTo(DType dtype, R (&x)[width]) {
  if constexpr (sizeof(R) == 4 && isFloatType<R>) {
    if (dtype == DType::float16) {
      KNET_UNROLL
      for (int v = 0; v < width; v++) x[v] = Half(x[v]);
    } else if (dtype == DType::bfloat16) {
      KNET_UNROLL
      for (int v = 0; v < width; v++) x[v] = Bfloat(x[v]);
    }
  }
}

// The registers of one thread, for `width` elements at once.
template <class R, int slots, int width>
struct Registers {
  R slot[slots][width];

  __device__ void fetch(const Bound& p, uint8_t arg, R (&out)[width]) const {
    if (arg & scalarBit) {
      R x[1] = {static_cast<R>(p.scalars[arg & ~scalarBit])};
      roundTo(p.code.dtype, x);
      KNET_UNROLL
      for (int v = 0; v < width; v++) out[v] = x[0];
    } else {
      KNET_UNROLL
      for (int v = 0; v < width; v++) out[v] = slot[arg][v];
    }
  }

  // Reads the inputs: element v of operand x is at places(x, v), unless that is `nowhere`.
  template <class Places>
  __device__ void load(const Bound& p, Places places) {
    for (int k = 0; k < p.code.inputs; k++) {
      const Operand& x = p.operands[k];
      int64_t at[width];
      KNET_UNROLL
      for (int v = 0; v < width; v++) at[v] = places(x, v);
      loadAs<R, width>(x.data, x.dtype, at, slot[k]);
      roundTo(p.code.dtype, slot[k]);
    }
  }

  __device__ void run(const Bound& p) {
    for (int s = 0; s < p.code.steps; s++) {
      const Step& step = p.code.step[s];
      R a[width] = {}, b[width] = {}, c[width] = {}, out[width] = {};
      fetch(p, step.args[0], a);
      const int arity = arityOf(step.op);
      if (arity > 1) fetch(p, step.args[1], b);
      if (arity > 2) fetch(p, step.args[2], c);
      compute<R, width>(step.op, a, b, c, out);
      roundTo(p.code.dtype, out);
      KNET_UNROLL
      for (int v = 0; v < width; v++) slot[step.out][v] = out[v];
    }
  }
};

// Calls f with a register of the type that programs of a dtype compute in.
template <class F>
void withRegister(DType dtype, F f) {
  withType(dtype, [&](auto x) { f(Compute<decltype(x)>{}); });
}

}  // namespace knet
