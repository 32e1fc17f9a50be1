// The loops of float32 programs.
#pragma once

#include "loops.h"
#include "trigonometric.h"

namespace knet::KNET_ISA {
namespace {
namespace single {

template <class Op, bool s>
void unary(int64_t n, char* out, const char* a, const char*, const char*) {
  float* const o = elements<float>(out);
  const float* const x = elements<float>(a);
  int64_t i = 0;
  if constexpr (s) {
    const F y = Op::apply(set(*x));
    for (; i + width <= n; i += width) store(o + i, y);
    if (i < n) storeFirst(o + i, y, n - i);
  } else {
#pragma GCC unroll 2
    for (; i + width <= n; i += width) store(o + i, Op::apply(load(x + i)));
    if (i < n) storeFirst(o + i, Op::apply(loadFirst(x + i, n - i)), n - i);
  }
}

template <class Op, bool sa, bool sb>
void binary(int64_t n, char* out, const char* a, const char* b, const char*) {
  float* const o = elements<float>(out);
  const float *const x = elements<float>(a), *const y = elements<float>(b);
  const F x0 = set(*x), y0 = set(*y);
  int64_t i = 0;
#pragma GCC unroll 2
  for (; i + width <= n; i += width) store(o + i, Op::apply(sa ? x0 : load(x + i), sb ? y0 : load(y + i)));
  if (i < n) storeFirst(o + i, Op::apply(sa ? x0 : loadFirst(x + i, n - i), sb ? y0 : loadFirst(y + i, n - i)), n - i);
}

template <class Op>
Loop binaryFor(int uniform) {
  static constexpr Loop loops[] = {binary<Op, false, false>, binary<Op, true, false>, binary<Op, false, true>, binary<Op, true, true>};
  return loops[uniform];
}

#define KNET_UNARY(name, expression)                \
  struct name {                                     \
    static F apply(F x) { return expression; }      \
  };
KNET_UNARY(Sqrt, sqrt(x))
KNET_UNARY(Floor, rounded<_MM_FROUND_TO_NEG_INF>(x))
KNET_UNARY(Ceil, rounded<_MM_FROUND_TO_POS_INF>(x))
KNET_UNARY(Round, rounded<_MM_FROUND_TO_NEAREST_INT>(x))
KNET_UNARY(Trunc, rounded<_MM_FROUND_TO_ZERO>(x))
KNET_UNARY(Exp, exp(x))
KNET_UNARY(Exp2, exp2(x))
KNET_UNARY(Exp10, exp10(x))
KNET_UNARY(Expm1, expm1(x))
KNET_UNARY(Log, log(x))
KNET_UNARY(Log2, log2(x))
KNET_UNARY(Log10, log10(x))
KNET_UNARY(Log1p, log1p(x))
KNET_UNARY(Tanh, tanh(x))
KNET_UNARY(Sin, sin(x))
KNET_UNARY(Cos, cos(x))
KNET_UNARY(Tan, tan(x))
KNET_UNARY(Atan, atan(x))
KNET_UNARY(Sinh, sinh(x))
KNET_UNARY(Cosh, cosh(x))
#undef KNET_UNARY

// NaN if either is; +0 is larger than -0. The instruction returns its second operand for zeros and for NaN.
struct Max {
  static F apply(F x, F y) {
    const F m = andBits(maxOrSecond(x, y), maxOrSecond(y, x));
    return select(unordered(x, y), x + y, m);
  }
};
struct Min {
  static F apply(F x, F y) {
    const F m = orBits(minOrSecond(x, y), minOrSecond(y, x));
    return select(unordered(x, y), x + y, m);
  }
};
// Against +0, as in relu: of two zeros x is returned, and -0 + 0 is +0.
struct MaxZero {
  static F apply(F zero, F x) { return maxOrSecond(zero, x) + zero; }
};
// Against a number that is neither NaN nor, for the larger, a zero; or, for the smaller, -0.
struct MaxNumber {
  static F apply(F number, F x) { return maxOrSecond(number, x); }
};
struct MinNumber {
  static F apply(F number, F x) { return minOrSecond(number, x); }
};

// Larger or smaller of an array and one number, which decides on the loop.
template <class General, class Number, class Zero, bool numberFirst>
void extremeOfNumber(int64_t n, char* out, const char* a, const char* b, const char* c) {
  const char *const number = numberFirst ? a : b, *const x = numberFirst ? b : a;
  const float s = *elements<float>(number);
  if (s != s || (s == 0 && __builtin_signbit(s)))
    binary<General, true, false>(n, out, number, x, c);
  else if (s == 0)
    binary<Zero, true, false>(n, out, number, x, c);
  else
    binary<Number, true, false>(n, out, number, x, c);
}
template <class General, class Number, class Zero>
Loop extremeFor(int uniform) {
  if (uniform == 1) return extremeOfNumber<General, Number, Zero, true>;
  if (uniform == 2) return extremeOfNumber<General, Number, Zero, false>;
  return binaryFor<General>(uniform);
}

template <class Op>
Loop unaryFor(int uniform) {
  return uniform == 0 ? unary<Op, false> : unary<Op, true>;
}

}  // namespace single

// The loop of an operation that float32 vectors do better than the loops for every type, or null.
inline Loop float32Loop(Op op, int uniform) {
  using namespace single;
  switch (op) {
#define KNET_CASE(name, Function) \
  case Op::name:                  \
    return unaryFor<Function>(uniform);
    KNET_CASE(sqrt, Sqrt)
    KNET_CASE(floor, Floor)
    KNET_CASE(ceil, Ceil)
    KNET_CASE(round, Round)
    KNET_CASE(trunc, Trunc)
    KNET_CASE(exp, Exp)
    KNET_CASE(exp2, Exp2)
    KNET_CASE(exp10, Exp10)
    KNET_CASE(expm1, Expm1)
    KNET_CASE(log, Log)
    KNET_CASE(log2, Log2)
    KNET_CASE(log10, Log10)
    KNET_CASE(log1p, Log1p)
    KNET_CASE(tanh, Tanh)
    KNET_CASE(sin, Sin)
    KNET_CASE(cos, Cos)
    KNET_CASE(tan, Tan)
    KNET_CASE(atan, Atan)
    KNET_CASE(sinh, Sinh)
    KNET_CASE(cosh, Cosh)
#undef KNET_CASE
    case Op::max:
      return extremeFor<Max, MaxNumber, MaxZero>(uniform);
    case Op::min:
      return extremeFor<Min, MinNumber, MinNumber>(uniform);
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
