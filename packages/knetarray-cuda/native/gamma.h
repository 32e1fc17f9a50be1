// Digamma and its derivatives in double precision, and the functions of CUDA's library that C++ lacks.
#pragma once

#include <cmath>
#include <limits>

#include "launch.h"

namespace knet {

#ifdef __CUDACC__
namespace library {
using ::cospi;
using ::cospif;
using ::erfcinv;
using ::erfcinvf;
using ::erfcx;
using ::erfcxf;
using ::erfinv;
using ::erfinvf;
using ::sinpi;
using ::sinpif;
}  // namespace library
#endif

namespace gamma {

// Hurwitz zeta function, the sum of (q + k)^-s over k >= 0 for whole s >= 2 and q > 0, by the Euler-Maclaurin formula
// (DLMF 25.11.5).
__device__ inline double zetaOfPositive(double s, double q) {
  // Bernoulli numbers B2, B4, ..., B16.
  constexpr double bernoulli[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                  5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
  double sum = 0;
  for (; q < 10 + 2 * s; q++) sum += ::pow(q, -s);
  const double power = ::pow(q, -s);
  sum += ::pow(q, 1 - s) / (s - 1) + power / 2;
  double factor = power / q;
  for (int i = 0; i < 8; i++) {
    // factor is s (s+1) ... (s+2i) / (2i+2)! / q^(s+2i+1), one whole-number ratio after the other.
    factor *= i > 0 ? ((s + 2 * i - 1) * (s + 2 * i)) / (2 * i + 1) / (2 * i + 2) / q / q : s / 2;
    sum += bernoulli[i] * factor;
  }
  return sum;
}

__device__ inline double zeta(double s, double q) {
  const bool odd = ::fmod(s, 2.0) != 0;
  if (q > 0) return zetaOfPositive(s, q);
  if (q == 0) return std::numeric_limits<double>::infinity();
  if (q != q) return q;
  // The sum over every whole k depends on the fraction of q alone: take it there, and subtract its terms below q.
  const double f = ::fmod(-q, 1.0);
  if (f == 0) return odd ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  return zetaOfPositive(s, 1 - f) + (odd ? -1 : 1) * (zetaOfPositive(s, f) - zetaOfPositive(s, 1 - q));
}

// digamma(root + t) / t on [1, 2], where root is its positive zero: zeta(k + 2, root) are the coefficients of (-t)^k (DLMF 5.15.1).
__device__ inline double digammaNearRoot(double t) {
  constexpr double table[] = {
    0.96767224544762132, 0.44276316898359225, 0.25849976095565114, 0.16394270544240655, 0.1078240506912624,
    0.072199561256454756, 0.048804288164143138, 0.033161126474847355, 0.022597648232218118, 0.015424765904948968,
    0.010538791616612184, 0.007204534386356873, 0.0049267813957298576, 0.0033698016554393317, 0.0023051263267349306,
    0.0015769367714301987, 0.0010788252019162975, 0.00073807093899600602, 0.00050495326583460264, 0.00034546802510630818,
    0.00023635601564027086, 0.00016170622091974825, 0.00011063372768747429, 7.5691795821950769e-05, 5.1785757952220897e-05,
    3.5430070947659671e-05, 2.4240066118601359e-05, 1.6584242271854162e-05, 1.1346384584663872e-05, 7.7628176684621096e-06,
    5.3110609208898746e-06, 3.633650789801054e-06, 2.4860227331295433e-06, 1.7008538854332643e-06, 1.1636675363548871e-06,
    7.961425431241989e-07, 5.4469419306694584e-07, 3.7266161283438328e-07, 2.5496265520215611e-07, 1.7443695117727793e-07,
    1.1934394829830278e-07, 8.1651151894884313e-08, 5.5862996835321877e-08, 3.8219600619175055e-08};
  double sum = 0;
  for (int k = static_cast<int>(sizeof(table) / sizeof(double)); k-- > 0;) sum = sum * -t + table[k];
  return sum;
}

__device__ inline double digammaOfPositive(double x) {
  constexpr double bernoulli[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                  5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
  // The zero, as two numbers.
  constexpr double rootHigh = 1.4616321449683622, rootLow = 9.549995429965697e-17;
  if (x > 10) {
    double tail = 0;
    for (int i = 8; i-- > 0;) tail = (tail + bernoulli[i] / (2 * i + 2)) / x / x;
    return ::log(x) - 0.5 / x - tail;
  }
  double sum = 0;
  while (x > 2) sum += 1 / --x;
  if (x < 1) {
    sum -= 1 / x;
    x++;
  }
  const double t = x - rootHigh - rootLow;
  return sum + t * digammaNearRoot(t);
}

__device__ inline double digamma(double x) {
  if (!(x < 0)) return digammaOfPositive(x);
  const double s = library::sinpi(x);
  if (s == 0 || s != s) return std::numeric_limits<double>::quiet_NaN();
  return digammaOfPositive(1 - x) - (3.141592653589793 * library::cospi(x)) / s;
}

// Derivative number n of digamma, n = 0 .. 100; NaN for another n.
__device__ inline double polygamma(double n, double x) {
  if (!(n >= 0 && n <= 100 && ::floor(n) == n)) return std::numeric_limits<double>::quiet_NaN();
  if (n == 0) return digamma(x);
  double factorial = ::fmod(n, 2.0) != 0 ? 1 : -1;
  for (int k = 2; k <= n; k++) factorial *= k;
  return factorial * zeta(n + 1, x);
}

}  // namespace gamma
}  // namespace knet
