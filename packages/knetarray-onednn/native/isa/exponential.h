// Exponential functions, logarithms and hyperbolic functions of float32 vectors, to one or two units in the last place. The
// polynomials are minimax fits of this project.
#pragma once

#include "vector.h"

namespace knet::KNET_ISA {
namespace {

// c0 + c1 x + c2 x^2 + ...
template <class... C>
inline F polynomial(F x, float c0, C... rest) {
  if constexpr (sizeof...(rest) == 0)
    return set(c0);
  else
    return fma(polynomial(x, rest...), x, set(c0));
}

constexpr float log2e = 1.44269504f;
// log 2 = ln2High + ln2Low.
constexpr float ln2High = 0.693147182f;
constexpr float ln2Low = -1.90465421e-9f;

// exp(r) - 1 for |r| <= log(2) / 2.
inline F expm1Near(F r) {
  const F q = polynomial(r, 5.000000000e-01f, 1.666651815e-01f, 4.166620597e-02f, 8.368954062e-03f, 1.395059982e-03f);
  return fma(r * r, q, r);
}

// Puts x = n log 2 + r; the low bits of the result are those of n.
inline F reduceExp(F x, F& n, F& r) {
  const F shifted = fma(x, set(log2e), set(magic));
  n = shifted - set(magic);
  r = fnma(n, set(ln2Low), fnma(n, set(ln2High), x));
  return shifted;
}

inline F exp(F x) {
  // NaN stays: it is the second operand.
  x = minOrSecond(set(90.0f), maxOrSecond(set(-105.0f), x));
  F n, r;
  reduceExp(x, n, r);
  return scale(expm1Near(r) + set(1.0f), n);
}

// exp(base 2): 2^(n + r).
inline F exp2(F x) {
  x = minOrSecond(set(130.0f), maxOrSecond(set(-155.0f), x));
  const F n = (x + set(magic)) - set(magic);
  const F r = x - n;
  const F p = polynomial(r, 6.931471825e-01f, 2.402265072e-01f, 5.550327525e-02f, 9.618004784e-03f, 1.340041636e-03f, 1.547604334e-04f);
  return scale(fma(p, r, set(1.0f)), n);
}

inline F exp10(F x) {
  x = minOrSecond(set(39.0f), maxOrSecond(set(-46.0f), x));
  // log10(2) in two parts, and log(10) in two parts.
  const F n = fma(x, set(3.32192809f), set(magic)) - set(magic);
  const F s = fnma(n, set(-1.43209888e-8f), fnma(n, set(0.301030010f), x));
  const F r = fma(s, set(2.30258512f), s * set(-3.19754356e-8f));
  return scale(expm1Near(r) + set(1.0f), n);
}

// 2^n for a whole n of -126 .. 127 in the low bits of `shifted`.
inline F powerOf(F shifted) { return addBits(shiftLeft<23>(shifted), set(1.0f)); }

inline F expm1(F x) {
  const F sign = signOf(x);
  x = minOrSecond(set(90.0f), maxOrSecond(set(-30.0f), x));
  F n, r;
  const F shifted = reduceExp(x, n, r);
  // Half of 2^n, which itself may be too large.
  const F half = powerOf(shifted) * set(0.5f);
  const F s = select(lessEqual(set(128.0f), n), set(1.70141183e38f), half);
  const F y = fma(expm1Near(r), s, s - set(0.5f));
  const F result = (y + y) * select(lessEqual(set(129.0f), n), set(2.0f), set(1.0f));
  return orBits(result, sign);
}

inline F tanh(F x) {
  const F sign = signOf(x);
  // exp(-2 |x|) - 1; beyond 10 the result is 1 anyway.
  const F a = minOrSecond(set(10.0f), abs(x)) * set(-2.0f);
  F n, r;
  const F shifted = reduceExp(a, n, r);
  const F s = powerOf(shifted);
  const F y = fma(expm1Near(r), s, s - set(1.0f));
  // tanh |x| = -y / (2 + y), whatever sign -0 had.
  return orBits(abs(quotient(y, y + set(2.0f))), sign);
}

// log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)], as the sum of f and what is returned.
inline F logTail(F f) {
  const F q = polynomial(f, 3.333331645e-01f, -2.500081062e-01f, 2.000228614e-01f, -1.662455350e-01f, 1.418119669e-01f,
                         -1.312876791e-01f, 1.288162172e-01f, -7.859545946e-02f);
  return f * f * fma(f, q, set(-0.5f));
}

// log 2 in two parts for a product with an exponent: both positive, so that infinite exponents give no NaN.
constexpr float ln2Upper = 0.693145752f;
constexpr float ln2Lower = 1.42860677e-6f;

inline F log(F x) {
  F m, e;
  split(x, m, e);
  const F f = m - set(1.0f);
  return fma(e, set(ln2Upper), f + fma(e, set(ln2Lower), logTail(f)));
}

// log2(x) and log10(x) = e factor + log(m) / log(base), the constants in two parts.
inline F log2(F x) {
  F m, e;
  split(x, m, e);
  const F f = m - set(1.0f), t = logTail(f);
  const F high = f + t;
  const F low = t - (high - f);
  const F small = fma(high, set(1.92596303e-8f), low * set(log2e));
  return fma(high, set(log2e), small) + e;
}

inline F log10(F x) {
  F m, e;
  split(x, m, e);
  const F f = m - set(1.0f), t = logTail(f);
  const F high = f + t;
  const F low = t - (high - f);
  const F small = fma(high, set(-1.01030500e-8f), fma(low, set(0.434294492f), e * set(7.50859783e-8f)));
  return fma(e, set(0.301029921f), fma(high, set(0.434294492f), small));
}

inline F log1p(F x) {
  const F sign = signOf(x);
  const F u = x + set(1.0f);
  // What u has lost of 1 + x; nothing where u is infinite or not positive.
  const F lost = select(less(abs(x), set(1.0f)), x - (u - set(1.0f)), set(1.0f) - (u - x));
  F m, e;
  split(u, m, e);
  const Mask regular = both(less(set(0.0f), u), less(u, set(__builtin_inff())));
  const F f = (m - set(1.0f)) + keep(regular, scale(lost, keep(regular, set(0.0f) - e)));
  const F y = fma(e, set(ln2Upper), f + fma(e, set(ln2Lower), logTail(f)));
  // -0 stays -0; below 0 the result is negative anyway.
  return orBits(y, sign);
}

}  // namespace
}  // namespace knet::KNET_ISA
