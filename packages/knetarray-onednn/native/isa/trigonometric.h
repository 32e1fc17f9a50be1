// Trigonometric functions and error functions of float32 vectors, to one or two units in the last place.
#pragma once

#include <math.h>

#include "exponential.h"

namespace knet::KNET_ISA {
namespace {

// Beyond this many, angles are reduced one by one in double precision.
constexpr float largeAngle = 10000.0f;

// x = n pi / 2 + r with |r| <= pi / 4; the low bits of the result are those of n.
inline F reduceAngle(F x, F& r) {
  const F shifted = fma(x, set(0.636619772f), set(magic));
  const F n = shifted - set(magic);
  r = fnma(n, set(1.57079637f), x);
  r = fnma(n, set(-4.37113883e-8f), r);
  r = fnma(n, set(-1.71512451e-15f), r);
  return shifted;
}

inline F sinNear(F r) {
  const F z = r * r;
  const F s = polynomial(z, -1.666666716e-01f, 8.333329111e-03f, -1.983932743e-04f, 2.718237283e-06f);
  return fma(z * r, s, r);
}
inline F cosNear(F r) {
  const F z = r * r;
  const F c = polynomial(z, 4.166666791e-02f, -1.388888340e-03f, 2.479951218e-05f, -2.720954626e-07f);
  return fma(z * z, c, fma(z, set(-0.5f), set(1.0f)));
}

// Whether bit 0 of the bits is set.
inline Mask odd(F bits) { return notEqual(set(0.0f), andBits(shiftLeft<23>(bits), set(1.17549435e-38f))); }

// Replaces the results of large angles.
template <double (*f)(double)>
F withLarge(F x, F y) {
  const Mask large = less(set(largeAngle), abs(x));
  if (!any(large)) return y;
  float xs[width], ys[width];
  store(xs, x);
  store(ys, y);
  for (int i = 0; i < width; i++) {
    if (xs[i] > largeAngle || xs[i] < -largeAngle) ys[i] = static_cast<float>(f(xs[i]));
  }
  return load(ys);
}

inline F sin(F x) {
  F r;
  const F n = reduceAngle(x, r);
  // Bit 0 of n exchanges the functions, bit 1 the sign.
  const F y = select(odd(n), cosNear(r), sinNear(r));
  const F signedY = xorBits(y, andBits(shiftLeft<30>(n), set(-0.0f)));
  return withLarge<::sin>(x, select(equal(x, set(0.0f)), x, signedY));
}

inline F cos(F x) {
  F r;
  const F n = addBits(reduceAngle(x, r), set(1.40129846e-45f));
  const F y = select(odd(n), cosNear(r), sinNear(r));
  return withLarge<::cos>(x, xorBits(y, andBits(shiftLeft<30>(n), set(-0.0f))));
}

inline F tan(F x) {
  F r;
  const F n = reduceAngle(x, r);
  const F s = sinNear(r), c = cosNear(r);
  const Mask swapped = odd(n);
  const F y = select(swapped, c, s) / select(swapped, xorBits(s, set(-0.0f)), c);
  return withLarge<::tan>(x, select(equal(x, set(0.0f)), x, y));
}

inline F atan(F x) {
  const F sign = signOf(x), a = abs(x);
  // Above tan(3 pi / 8) the angle of -1 / a, above tan(pi / 8) that of (a - 1) / (a + 1), with what is to be added.
  const Mask high = less(set(2.41421356f), a), middle = less(set(0.414213562f), a);
  const F numerator = select(high, set(-1.0f), select(middle, a - set(1.0f), a));
  const F denominator = select(high, a, select(middle, a + set(1.0f), set(1.0f)));
  const F base = select(high, set(1.57079637f), keep(middle, set(0.785398185f)));
  const F rest = select(high, set(-4.37113883e-8f), keep(middle, set(-2.18556941e-8f)));
  const F t = numerator / denominator, z = t * t;
  const F p = polynomial(z, -3.333331645e-01f, 1.999847889e-01f, -1.424362808e-01f, 1.059427336e-01f, -6.078849733e-02f);
  return orBits(base + (fma(z * t, p, t) + rest), sign);
}

inline F sinh(F x) {
  const F sign = signOf(x), a = abs(x);
  // Large: exp(a) / 2 in two factors. Else e / 2 (1 + 1 / (1 + e)) with e = exp(a) - 1.
  const F root = exp(a * set(0.5f));
  const F e = expm1(a);
  const F y = fma(set(0.5f), e, set(0.5f) * (e / (e + set(1.0f))));
  return orBits(select(less(set(20.0f), a), root * set(0.5f) * root, y), sign);
}

inline F cosh(F x) {
  const F a = abs(x);
  const F root = exp(a * set(0.5f)), e = exp(a);
  return select(less(set(20.0f), a), root * set(0.5f) * root, fma(set(0.5f), e, set(0.5f) / e));
}

}  // namespace
}  // namespace knet::KNET_ISA
