// Operations that every element type does in its own arithmetic.
#pragma once

#include <type_traits>

#include "loops.h"

namespace knet::KNET_ISA {
namespace {
namespace own {

template <class T>
constexpr bool isFloat = std::is_floating_point_v<T>;

// Whole numbers wrap around: they are computed without a sign.
template <class T>
using Wrapping = std::conditional_t<isFloat<T>, T, uint32_t>;

#define KNET_UNARY(name, expression)                            \
  template <class T>                                            \
  struct name {                                                 \
    static T apply(T x) { return static_cast<T>(expression); }  \
  };
#define KNET_BINARY(name, expression)                               \
  template <class T>                                                \
  struct name {                                                     \
    static T apply(T x, T y) { return static_cast<T>(expression); } \
  };
KNET_UNARY(Copy, x)
KNET_UNARY(Truth, x != 0)
KNET_UNARY(Abs2, Wrapping<T>(x) * Wrapping<T>(x))
KNET_UNARY(Sign, x > 0 ? T(1) : x < 0 ? T(-1) : x)
KNET_UNARY(IsFinite, isFloat<T> ? x - x == 0 : true)
KNET_UNARY(IsNan, x != x)
KNET_BINARY(Add, Wrapping<T>(x) + Wrapping<T>(y))
KNET_BINARY(Sub, Wrapping<T>(x) - Wrapping<T>(y))
KNET_BINARY(Mul, Wrapping<T>(x) * Wrapping<T>(y))
KNET_BINARY(Eq, x == y)
KNET_BINARY(Ne, x != y)
KNET_BINARY(Gt, x > y)
KNET_BINARY(Ge, x >= y)
KNET_BINARY(Lt, x < y)
KNET_BINARY(Le, x <= y)
#undef KNET_UNARY
#undef KNET_BINARY

template <class T>
struct Neg {
  static T apply(T x) {
    if constexpr (isFloat<T>) return -x;
    return static_cast<T>(0u - static_cast<uint32_t>(x));
  }
};
template <class T>
struct Abs {
  static T apply(T x) {
    if constexpr (isFloat<T>) return __builtin_fabs(x);
    return x < 0 ? Neg<T>::apply(x) : x;
  }
};
// NaN if either is; +0 is larger than -0.
template <class T>
struct Max {
  static T apply(T x, T y) {
    if constexpr (isFloat<T>) {
      const T m = x > y ? x : y > x ? y : __builtin_signbit(x) ? y : x;
      return x != x || y != y ? x + y : m;
    } else {
      return x > y ? x : y;
    }
  }
};
template <class T>
struct Min {
  static T apply(T x, T y) {
    if constexpr (isFloat<T>) {
      const T m = x < y ? x : y < x ? y : __builtin_signbit(x) ? x : y;
      return x != x || y != y ? x + y : m;
    } else {
      return x < y ? x : y;
    }
  }
};

}  // namespace own

// The loop of an operation in the type's own arithmetic, or null.
template <class T>
Loop ownLoop(Op op, int uniform) {
  using namespace own;
  switch (op) {
    case Op::copy: return unaryOf<T, Copy<T>>(uniform);
    case Op::neg: return unaryOf<T, Neg<T>>(uniform);
    case Op::abs: return unaryOf<T, Abs<T>>(uniform);
    case Op::abs2: return unaryOf<T, Abs2<T>>(uniform);
    case Op::sign: return unaryOf<T, Sign<T>>(uniform);
    case Op::isfinite: return unaryOf<T, IsFinite<T>>(uniform);
    case Op::isnan: return unaryOf<T, IsNan<T>>(uniform);
    case Op::add: return binaryOf<T, Add<T>>(uniform);
    case Op::sub: return binaryOf<T, Sub<T>>(uniform);
    case Op::mul: return binaryOf<T, Mul<T>>(uniform);
    case Op::max: return binaryOf<T, Max<T>>(uniform);
    case Op::min: return binaryOf<T, Min<T>>(uniform);
    case Op::eq: return binaryOf<T, Eq<T>>(uniform);
    case Op::ne: return binaryOf<T, Ne<T>>(uniform);
    case Op::gt: return binaryOf<T, Gt<T>>(uniform);
    case Op::ge: return binaryOf<T, Ge<T>>(uniform);
    case Op::lt: return binaryOf<T, Lt<T>>(uniform);
    case Op::le: return binaryOf<T, Le<T>>(uniform);
    case Op::where: return whereOf<T>(uniform);
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::trunc:
      return own::isFloat<T> ? nullptr : unaryOf<T, Copy<T>>(uniform);
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace knet::KNET_ISA
