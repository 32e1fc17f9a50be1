// The elementwise operations of programs, and what each computes for one element.
#pragma once

#include <cmath>

#include "gamma.h"
#include "types.h"

namespace knet {

// In the order of `operations` in native-commands/src/programs.ts, which sends their positions.
enum class Op : uint8_t {
  copy, neg, abs, abs2, sign, sqrt, cbrt, exp, exp2, exp10, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, sinh,
  cosh, tanh, asinh, acosh, atanh, sinpi, cospi, erf, erfc, erfinv, erfcinv, erfcx, lgamma, digamma, floor, ceil, round, trunc,
  isfinite, isnan, add, sub, mul, div, pow, max, min, atan2, hypot, polygamma, eq, ne, gt, ge, lt, le, where
};

KNET_HOST_DEVICE inline int arityOf(Op op) { return op < Op::add ? 1 : op < Op::where ? 2 : 3; }

// A number as an element of T, by the rules of JavaScript's typed arrays: whole numbers are truncated and wrap around.
KNET_NOINLINE KNET_HOST_DEVICE int32_t inline wrapFar(double x) {
  if (!(::fabs(x) < HUGE_VAL)) return 0;
  const double rest = ::fmod(::trunc(x), 4294967296.0);
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(rest)));
}
KNET_HOST_DEVICE inline int32_t wrapToInt32(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? static_cast<int32_t>(x) : wrapFar(x);
}
template <class To, class From>
struct Conversion {
  KNET_HOST_DEVICE static To of(From x) { return static_cast<To>(x); }
};
template <>
struct Conversion<int32_t, double> {
  KNET_HOST_DEVICE static int32_t of(double x) { return wrapToInt32(x); }
};
template <>
struct Conversion<int32_t, float> {
  KNET_HOST_DEVICE static int32_t of(float x) { return wrapToInt32(x); }
};
template <>
struct Conversion<uint8_t, double> {
  KNET_HOST_DEVICE static uint8_t of(double x) { return static_cast<uint8_t>(wrapToInt32(x)); }
};
template <>
struct Conversion<uint8_t, float> {
  KNET_HOST_DEVICE static uint8_t of(float x) { return static_cast<uint8_t>(wrapToInt32(x)); }
};
template <class To, class From>
KNET_HOST_DEVICE To convert(From x) {
  return Conversion<To, From>::of(x);
}

template <class T>
inline constexpr bool isFloatType = false;
template <>
inline constexpr bool isFloatType<float> = true;
template <>
inline constexpr bool isFloatType<double> = true;

// Functions of floating-point numbers. Those whose names end in f compute in single precision.
#define KNET_FUNCTION(name, single, whole)                    \
  __device__ inline float name(float x) { return single; }    \
  __device__ inline double name(double x) { return whole; }
namespace function {
KNET_FUNCTION(sqrt, ::sqrtf(x), ::sqrt(x))
KNET_FUNCTION(cbrt, ::cbrtf(x), ::cbrt(x))
KNET_FUNCTION(exp, ::expf(x), ::exp(x))
KNET_FUNCTION(exp2, ::exp2f(x), ::exp2(x))
KNET_FUNCTION(exp10, ::exp10f(x), ::exp10(x))
KNET_FUNCTION(expm1, ::expm1f(x), ::expm1(x))
KNET_FUNCTION(log, ::logf(x), ::log(x))
KNET_FUNCTION(log2, ::log2f(x), ::log2(x))
KNET_FUNCTION(log10, ::log10f(x), ::log10(x))
KNET_FUNCTION(log1p, ::log1pf(x), ::log1p(x))
KNET_FUNCTION(sin, ::sinf(x), ::sin(x))
KNET_FUNCTION(cos, ::cosf(x), ::cos(x))
KNET_FUNCTION(tan, ::tanf(x), ::tan(x))
KNET_FUNCTION(asin, ::asinf(x), ::asin(x))
KNET_FUNCTION(acos, ::acosf(x), ::acos(x))
KNET_FUNCTION(atan, ::atanf(x), ::atan(x))
KNET_FUNCTION(sinh, ::sinhf(x), ::sinh(x))
KNET_FUNCTION(cosh, ::coshf(x), ::cosh(x))
KNET_FUNCTION(tanh, ::tanhf(x), ::tanh(x))
KNET_FUNCTION(asinh, ::asinhf(x), ::asinh(x))
KNET_FUNCTION(acosh, ::acoshf(x), ::acosh(x))
KNET_FUNCTION(atanh, ::atanhf(x), ::atanh(x))
KNET_FUNCTION(sinpi, library::sinpif(x), library::sinpi(x))
KNET_FUNCTION(cospi, library::cospif(x), library::cospi(x))
KNET_FUNCTION(erf, ::erff(x), ::erf(x))
KNET_FUNCTION(erfc, ::erfcf(x), ::erfc(x))
KNET_FUNCTION(erfinv, library::erfinvf(x), library::erfinv(x))
KNET_FUNCTION(erfcinv, library::erfcinvf(x), library::erfcinv(x))
KNET_FUNCTION(erfcx, library::erfcxf(x), library::erfcx(x))
KNET_FUNCTION(lgamma, ::lgammaf(x), ::lgamma(x))
KNET_FUNCTION(digamma, static_cast<float>(gamma::digamma(x)), gamma::digamma(x))
KNET_FUNCTION(floor, ::floorf(x), ::floor(x))
KNET_FUNCTION(ceil, ::ceilf(x), ::ceil(x))
KNET_FUNCTION(round, ::rintf(x), ::rint(x))
KNET_FUNCTION(trunc, ::truncf(x), ::trunc(x))
#undef KNET_FUNCTION

// IEEE 754 says 1 for a base of 1 and for -1 to an infinite power, JavaScript NaN.
template <class T>
__device__ T pow(T x, T y) {
  if (y != y || (y - y != 0 && (x == 1 || x == -1))) return y - y;
  if constexpr (sizeof(T) == 4) return ::powf(x, y);
  else return ::pow(x, y);
}
__device__ inline float atan2(float y, float x) { return ::atan2f(y, x); }
__device__ inline double atan2(double y, double x) { return ::atan2(y, x); }
__device__ inline float hypot(float x, float y) { return ::hypotf(x, y); }
__device__ inline double hypot(double x, double y) { return ::hypot(x, y); }
}  // namespace function

// Operations that every type does in its own arithmetic. Whole numbers wrap around: they are computed without a sign.
template <class R>
struct Arithmetic {
  __device__ static uint32_t bits(R x) { return static_cast<uint32_t>(x); }
  __device__ static R add(R x, R y) { return static_cast<R>(bits(x) + bits(y)); }
  __device__ static R sub(R x, R y) { return static_cast<R>(bits(x) - bits(y)); }
  __device__ static R mul(R x, R y) { return static_cast<R>(bits(x) * bits(y)); }
  __device__ static R neg(R x) { return static_cast<R>(0u - bits(x)); }
  __device__ static bool negative(R x) {
    if constexpr (R(-1) < R(1)) return x < R(0);
    else return false;
  }
  __device__ static R abs(R x) { return negative(x) ? neg(x) : x; }
  __device__ static R max(R x, R y) { return x > y ? x : y; }
  __device__ static R min(R x, R y) { return x < y ? x : y; }
  __device__ static bool finite(R) { return true; }
};
template <class R>
struct RealArithmetic {
  __device__ static R add(R x, R y) { return x + y; }
  __device__ static R sub(R x, R y) { return x - y; }
  __device__ static R mul(R x, R y) { return x * y; }
  __device__ static R neg(R x) { return -x; }
  __device__ static bool negative(R x) { return x < 0; }
  __device__ static R abs(R x) { return ::fabs(x); }
  // NaN if either is; +0 is larger than -0.
  __device__ static R max(R x, R y) {
    if (x != x || y != y) return x + y;
    return x > y ? x : y > x ? y : signbit(x) ? y : x;
  }
  __device__ static R min(R x, R y) {
    if (x != x || y != y) return x + y;
    return x < y ? x : y < x ? y : signbit(x) ? x : y;
  }
  __device__ static bool finite(R x) { return x - x == 0; }
  __device__ static bool signbit(R x) {
#ifdef __CUDACC__
    return ::signbit(x);
#else
    return std::signbit(x);
#endif
  }
};
template <>
struct Arithmetic<float> : RealArithmetic<float> {};
template <>
struct Arithmetic<double> : RealArithmetic<double> {};

// Any function of real numbers. It is called, not copied into every kernel: the functions are long, and each is rare.
template <class T>
KNET_NOINLINE __device__ T realFunction(Op op, T x, T y) {
  switch (op) {
#define KNET_CASE(name) \
  case Op::name:        \
    return function::name(x);
    KNET_CASE(sqrt)
    KNET_CASE(cbrt)
    KNET_CASE(exp)
    KNET_CASE(exp2)
    KNET_CASE(exp10)
    KNET_CASE(expm1)
    KNET_CASE(log)
    KNET_CASE(log2)
    KNET_CASE(log10)
    KNET_CASE(log1p)
    KNET_CASE(sin)
    KNET_CASE(cos)
    KNET_CASE(tan)
    KNET_CASE(asin)
    KNET_CASE(acos)
    KNET_CASE(atan)
    KNET_CASE(sinh)
    KNET_CASE(cosh)
    KNET_CASE(tanh)
    KNET_CASE(asinh)
    KNET_CASE(acosh)
    KNET_CASE(atanh)
    KNET_CASE(sinpi)
    KNET_CASE(cospi)
    KNET_CASE(erf)
    KNET_CASE(erfc)
    KNET_CASE(erfinv)
    KNET_CASE(erfcinv)
    KNET_CASE(erfcx)
    KNET_CASE(lgamma)
    KNET_CASE(digamma)
    KNET_CASE(floor)
    KNET_CASE(ceil)
    KNET_CASE(round)
    KNET_CASE(trunc)
#undef KNET_CASE
    case Op::pow:
      return function::pow(x, y);
    case Op::atan2:
      return function::atan2(x, y);
    case Op::hypot:
      return function::hypot(x, y);
    case Op::polygamma:
      return static_cast<T>(gamma::polygamma(x, y));
    default:
      return x;
  }
}

// One instruction for several elements, so that it is decoded once for all of them.
template <class R, int width>
__device__ void compute(Op op, const R (&a)[width], const R (&b)[width], const R (&c)[width], R (&out)[width]) {
  using A = Arithmetic<R>;
  switch (op) {
#define KNET_CASE(name, expression)                                      \
  case Op::name:                                                         \
    KNET_UNROLL                                                          \
    for (int v = 0; v < width; v++) out[v] = static_cast<R>(expression); \
    return;
    KNET_CASE(copy, a[v])
    KNET_CASE(neg, A::neg(a[v]))
    KNET_CASE(abs, A::abs(a[v]))
    KNET_CASE(abs2, A::mul(a[v], a[v]))
    KNET_CASE(sign, a[v] > R(0) ? R(1) : A::negative(a[v]) ? A::neg(R(1)) : a[v])
    KNET_CASE(isfinite, A::finite(a[v]))
    KNET_CASE(isnan, a[v] != a[v])
    KNET_CASE(add, A::add(a[v], b[v]))
    KNET_CASE(sub, A::sub(a[v], b[v]))
    KNET_CASE(mul, A::mul(a[v], b[v]))
    KNET_CASE(max, A::max(a[v], b[v]))
    KNET_CASE(min, A::min(a[v], b[v]))
    KNET_CASE(eq, a[v] == b[v])
    KNET_CASE(ne, a[v] != b[v])
    KNET_CASE(gt, a[v] > b[v])
    KNET_CASE(ge, a[v] >= b[v])
    KNET_CASE(lt, a[v] < b[v])
    KNET_CASE(le, a[v] <= b[v])
    KNET_CASE(where, a[v] != R(0) ? b[v] : c[v])
#undef KNET_CASE
    case Op::div:
      KNET_UNROLL
      for (int v = 0; v < width; v++) {
        if constexpr (isFloatType<R>) out[v] = a[v] / b[v];
        else out[v] = convert<R>(static_cast<double>(a[v]) / static_cast<double>(b[v]));
      }
      return;
    default:
      break;
  }
  if constexpr (sizeof(R) == 4 && isFloatType<R>) {
    switch (op) {
// What models are made of.
#define KNET_CASE(name)                                                \
  case Op::name:                                                       \
    KNET_UNROLL                                                        \
    for (int v = 0; v < width; v++) out[v] = function::name(a[v]);     \
    return;
      KNET_CASE(sqrt)
      KNET_CASE(exp)
      KNET_CASE(log)
      KNET_CASE(tanh)
#undef KNET_CASE
      default:
        break;
    }
  }
  for (int v = 0; v < width; v++) {
    if constexpr (isFloatType<R>) out[v] = realFunction<R>(op, a[v], b[v]);
    // Other types compute functions in double precision, and round or truncate once.
    else out[v] = convert<R>(realFunction<double>(op, static_cast<double>(a[v]), static_cast<double>(b[v])));
  }
}

}  // namespace knet
