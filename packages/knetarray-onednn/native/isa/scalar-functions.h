// Operations in double precision, one element at a time: for float64, and for what other types have no functions of their own for.
#pragma once

#include <math.h>

#include "../convert.h"
#include "../special.h"
#include "loops.h"

namespace knet::KNET_ISA {
namespace {

#define KNET_UNARY(name, expression) \
  struct name {                                  \
    static double f(double x) { return expression; } \
  };
#define KNET_BINARY(name, expression)                      \
  struct name {                                            \
    static double f(double x, double y) { return expression; } \
  };

namespace scalar {
KNET_UNARY(Sqrt, ::sqrt(x))
KNET_UNARY(Cbrt, ::cbrt(x))
KNET_UNARY(Exp, ::exp(x))
KNET_UNARY(Exp2, ::exp2(x))
KNET_UNARY(Exp10, special::exp10(x))
KNET_UNARY(Expm1, ::expm1(x))
KNET_UNARY(Log, ::log(x))
KNET_UNARY(Log2, ::log2(x))
KNET_UNARY(Log10, ::log10(x))
KNET_UNARY(Log1p, ::log1p(x))
KNET_UNARY(Sin, ::sin(x))
KNET_UNARY(Cos, ::cos(x))
KNET_UNARY(Tan, ::tan(x))
KNET_UNARY(Asin, ::asin(x))
KNET_UNARY(Acos, ::acos(x))
KNET_UNARY(Atan, ::atan(x))
KNET_UNARY(Sinh, ::sinh(x))
KNET_UNARY(Cosh, ::cosh(x))
KNET_UNARY(Tanh, ::tanh(x))
KNET_UNARY(Asinh, ::asinh(x))
KNET_UNARY(Acosh, ::acosh(x))
KNET_UNARY(Atanh, ::atanh(x))
KNET_UNARY(Sinpi, special::sinpi(x))
KNET_UNARY(Cospi, special::cospi(x))
KNET_UNARY(Erf, special::erf(x))
KNET_UNARY(Erfc, special::erfc(x))
KNET_UNARY(Erfinv, special::erfinv(x))
KNET_UNARY(Erfcinv, special::erfcinv(x))
KNET_UNARY(Erfcx, special::erfcx(x))
KNET_UNARY(Lgamma, special::lgamma(x))
KNET_UNARY(Digamma, special::digamma(x))
KNET_UNARY(Floor, ::floor(x))
KNET_UNARY(Ceil, ::ceil(x))
KNET_UNARY(Round, special::round(x))
KNET_UNARY(Trunc, ::trunc(x))
KNET_BINARY(Div, x / y)
KNET_BINARY(Pow, special::pow(x, y))
KNET_BINARY(Atan2, ::atan2(x, y))
KNET_BINARY(Hypot, special::hypot(x, y))
KNET_BINARY(Polygamma, special::polygamma(x, y))
}  // namespace scalar

// The function of doubles as one of T, rounded once.
template <class T, class F>
struct ThroughDouble {
  static T apply(T x) { return fromDouble<T>(F::f(static_cast<double>(x))); }
  static T apply(T x, T y) { return fromDouble<T>(F::f(static_cast<double>(x), static_cast<double>(y))); }
};

// The loop of an operation through double precision, or null for those that every type does by itself.
template <class T>
Loop loopThroughDouble(Op op, int uniform) {
  switch (op) {
#define KNET_CASE(name, F) \
  case Op::name:           \
    return unaryOf<T, ThroughDouble<T, scalar::F>>(uniform);
    KNET_CASE(sqrt, Sqrt)
    KNET_CASE(cbrt, Cbrt)
    KNET_CASE(exp, Exp)
    KNET_CASE(exp2, Exp2)
    KNET_CASE(exp10, Exp10)
    KNET_CASE(expm1, Expm1)
    KNET_CASE(log, Log)
    KNET_CASE(log2, Log2)
    KNET_CASE(log10, Log10)
    KNET_CASE(log1p, Log1p)
    KNET_CASE(sin, Sin)
    KNET_CASE(cos, Cos)
    KNET_CASE(tan, Tan)
    KNET_CASE(asin, Asin)
    KNET_CASE(acos, Acos)
    KNET_CASE(atan, Atan)
    KNET_CASE(sinh, Sinh)
    KNET_CASE(cosh, Cosh)
    KNET_CASE(tanh, Tanh)
    KNET_CASE(asinh, Asinh)
    KNET_CASE(acosh, Acosh)
    KNET_CASE(atanh, Atanh)
    KNET_CASE(sinpi, Sinpi)
    KNET_CASE(cospi, Cospi)
    KNET_CASE(erf, Erf)
    KNET_CASE(erfc, Erfc)
    KNET_CASE(erfinv, Erfinv)
    KNET_CASE(erfcinv, Erfcinv)
    KNET_CASE(erfcx, Erfcx)
    KNET_CASE(lgamma, Lgamma)
    KNET_CASE(digamma, Digamma)
    KNET_CASE(floor, Floor)
    KNET_CASE(ceil, Ceil)
    KNET_CASE(round, Round)
    KNET_CASE(trunc, Trunc)
#undef KNET_CASE
#define KNET_CASE(name, F) \
  case Op::name:           \
    return binaryOf<T, ThroughDouble<T, scalar::F>>(uniform);
    KNET_CASE(div, Div)
    KNET_CASE(pow, Pow)
    KNET_CASE(atan2, Atan2)
    KNET_CASE(hypot, Hypot)
    KNET_CASE(polygamma, Polygamma)
#undef KNET_CASE
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
