// Error functions by W. J. Cody's rational approximations (Math. Comp. 23 (1969) 631-637; ACM TOMS 715), and their inverses.
#include <cmath>
#include <limits>

#include "special.h"

namespace knet::special {
namespace {

constexpr double rootPi = 1.7724538509055159;
constexpr double infinity = std::numeric_limits<double>::infinity();

// Horner's rule, highest power first.
template <size_t n>
double polynomial(const double (&c)[n], double x) {
  double sum = 0;
  for (const double k : c) sum = sum * x + k;
  return sum;
}

// erf(x) / x in powers of x^2 for |x| <= 0.46875.
double erfNear(double t) {
  static constexpr double p[] = {0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694};
  static constexpr double q[] = {1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171};
  return polynomial(p, t) / polynomial(q, t);
}

// exp(sign x^2) without the rounding error of x^2 showing: the leading bits of x square exactly.
double expSquare(double x, double sign) {
  const double lead = std::trunc(x * 16) / 16;
  return std::exp(sign * lead * lead) * std::exp(sign * (x - lead) * (x + lead));
}

// erfcx(x) for x > 0.46875.
double erfcxFar(double x) {
  static constexpr double p[] = {2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377,  66.11919063714163, 298.6351381974001,
                                 881.952221241769,      1712.0476126340707, 2051.0783778260716, 1230.3393547979972};
  static constexpr double q[] = {1,
                                 15.744926110709835,
                                 117.6939508913125,
                                 537.1811018620099,
                                 1621.3895745666903,
                                 3290.7992357334597,
                                 4362.619090143247,
                                 3439.3676741437216,
                                 1230.3393548037495};
  static constexpr double pFar[] = {0.016315387137302097, 0.30532663496123236,  0.36034489994980445,
                                    0.12578172611122926,  0.016083785148742275, 0.0006587491615298378};
  static constexpr double qFar[] = {1, 2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918};
  if (x <= 4) return polynomial(p, x) / polynomial(q, x);
  const double t = 1 / x / x;
  return (1 / rootPi - t * polynomial(pFar, t) / polynomial(qFar, t)) / x;
}

}  // namespace

double erf(double x) {
  if (std::fabs(x) <= 0.46875) return x * erfNear(x * x);
  return x < 0 ? erfc(-x) - 1 : 1 - erfc(x);
}

double erfc(double x) {
  if (std::fabs(x) <= 0.46875) return 1 - erf(x);
  return x < 0 ? 2 - erfc(-x) : x > 28 ? 0 : expSquare(x, -1) * erfcxFar(x);
}

double erfcx(double x) {
  if (std::fabs(x) <= 0.46875) return std::exp(x * x) * (1 - erf(x));
  if (x >= 0 || std::isnan(x)) return erfcxFar(x);
  return x < -27 ? infinity : 2 * expSquare(x, 1) - erfcxFar(-x);
}

double erfinv(double y) {
  if (y < 0) return -erfinv(-y);
  if (!(y <= 0.5)) return erfcinv(1 - y);
  // The first two terms of the Maclaurin series: 1 % off at 0.5, and each step of Halley's method cubes the error.
  double x = rootPi / 2 * y * (1 + 3.141592653589793 / 12 * y * y);
  for (int step = 0; step < 3; step++) {
    const double newton = (erf(x) - y) * (rootPi / 2) * std::exp(x * x);
    x -= newton / (1 + x * newton);
  }
  return x;
}

double erfcinv(double z) {
  if (z > 1) return -erfcinv(2 - z);
  if (z > 0.5) return erfinv(1 - z);
  if (z == 0) return infinity;
  // Newton on log erfc(x) = log z. log erfc is concave and erfc(x) <= exp(-x^2), so that this start converges from the right.
  const double target = std::log(z);
  double x = std::sqrt(-target);
  for (int step = 0; step < 7; step++) {
    const double scaled = erfcx(x);
    x -= ((x * x - std::log(scaled) + target) * scaled * rootPi) / 2;
  }
  return x;
}

}  // namespace knet::special
