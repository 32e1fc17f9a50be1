// The elementwise operations of programs.
#pragma once

#include <cstdint>

namespace knet {

// In the order of `operations` in native-commands/src/programs.ts, which sends their positions.
enum class Op : uint8_t {
  copy, neg, abs, abs2, sign, sqrt, cbrt, exp, exp2, exp10, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, sinh,
  cosh, tanh, asinh, acosh, atanh, sinpi, cospi, erf, erfc, erfinv, erfcinv, erfcx, lgamma, digamma, floor, ceil, round, trunc,
  isfinite, isnan, add, sub, mul, div, pow, max, min, atan2, hypot, polygamma, eq, ne, gt, ge, lt, le, where
};

inline int arityOf(Op op) { return op < Op::add ? 1 : op < Op::where ? 2 : 3; }

// One instruction for n elements. An operand is read element by element or, in the version made for it, is one number.
// The output may be the memory of an operand.
using Loop = void (*)(int64_t n, char* out, const char* a, const char* b, const char* c);

}  // namespace knet
