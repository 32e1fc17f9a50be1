#include "special.h"

#include <array>
#include <cmath>
#include <limits>

namespace knet::special {
namespace {

constexpr double pi = 3.141592653589793;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// sin(pi (x + shift / 2)) for a whole shift, reduced exactly.
double sinpiShifted(double x, int shift) {
  const double r = std::fmod(x, 2);
  if (std::isnan(r)) return r;
  const int quarter = static_cast<int>(std::floor(2 * r + 0.5));
  const double t = pi * (r - quarter / 2.0);
  const double s = ((quarter + shift) & 1) != 0 ? std::cos(t) : std::sin(t);
  return ((quarter + shift) & 2) != 0 ? 0 - s : s;
}

// Bernoulli numbers B2, B4, ..., B16.
constexpr double bernoulli[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};

// Hurwitz zeta function, the sum of (q + k)^-s over k >= 0 for whole s >= 2, by the Euler-Maclaurin formula (DLMF 25.11.5).
double zeta(double s, double q) {
  const bool odd = std::fmod(s, 2) != 0;
  if (q < 0) {
    // The sum over every whole k depends on the fraction of q alone: take it there, and subtract its terms below q.
    const double f = std::fmod(-q, 1);
    if (f == 0) return odd ? nan : infinity;
    return zeta(s, 1 - f) + (odd ? -1 : 1) * (zeta(s, f) - zeta(s, 1 - q));
  }
  double sum = 0;
  for (; q < 10 + 2 * s; q++) sum += std::pow(q, -s);
  const double power = std::pow(q, -s);
  sum += std::pow(q, 1 - s) / (s - 1) + power / 2;
  double factor = power / q;
  for (int i = 0; i < 8; i++) {
    // factor is s (s+1) ... (s+2i) / (2i+2)! / q^(s+2i+1), one whole-number ratio after the other.
    factor *= i > 0 ? ((s + 2 * i - 1) * (s + 2 * i)) / (2 * i + 1) / (2 * i + 2) / q / q : s / 2;
    sum += bernoulli[i] * factor;
  }
  return sum;
}

// The sum of (-t)^k c(k) over k < n by Horner's rule.
template <size_t n>
double alternating(const std::array<double, n>& c, double t) {
  double sum = 0;
  for (size_t k = n; k-- > 0;) sum = sum * -t + c[k];
  return sum;
}

template <size_t n, class F>
std::array<double, n> tabulate(F coefficient) {
  std::array<double, n> table;
  for (size_t k = 0; k < n; k++) table[k] = coefficient(static_cast<double>(k));
  return table;
}

// (lgamma(2 + z) - (1 - gamma) z) / z^2 for |z| <= 0.5 (DLMF 5.7.3).
double lgammaNearTwo(double z) {
  static const auto table = tabulate<28>([](double k) { return zeta(k + 2, 2) / (k + 2); });
  return alternating(table, z);
}

// The positive zero of digamma, as two numbers.
constexpr double rootHigh = 1.4616321449683622;
constexpr double rootLow = 9.549995429965697e-17;

// digamma(root + t) / t on [1, 2] (DLMF 5.15.1 at the zero).
double digammaNearRoot(double t) {
  static const auto table = tabulate<44>([](double k) { return zeta(k + 2, rootHigh); });
  return alternating(table, t);
}

}  // namespace

double pow(double x, double y) {
  // IEEE 754 says 1 here, JavaScript NaN.
  if (std::isnan(y) || (std::isinf(y) && std::fabs(x) == 1)) return nan;
  return std::pow(x, y);
}

double hypot(double x, double y) { return std::hypot(x, y); }

double round(double x) {
  const double down = std::floor(x);
  const double rest = x - down;
  if (!(rest >= 0.5)) return rest == 0 ? x : std::copysign(down, x);
  const bool up = rest > 0.5 || std::fmod(down, 2) != 0;
  return std::copysign(up ? down + 1 : down, x);
}

double exp10(double x) { return std::pow(10.0, x); }

double sinpi(double x) { return sinpiShifted(x, 0); }
double cospi(double x) { return sinpiShifted(x, 1); }

double lgamma(double x) {
  if (x <= -0.5) {
    const double s = sinpi(x);
    if (std::isnan(s)) return infinity;
    return s != 0 ? std::log(pi / std::fabs(x * s)) - lgamma(-x) : infinity;
  }
  if (x > 10) {
    double tail = 0;
    for (int i = 8; i-- > 0;) tail = tail / x / x + bernoulli[i] / (2 * i + 1) / (2 * i + 2);
    return (x - 0.5) * (std::log(x) - 1) + 0.4189385332046727 + tail / x;
  }
  double product = 1;
  while (x > 2.5) product *= --x;
  const int shift = x < 0.5 ? 0 : x < 1.5 ? 1 : 2;
  const double z = x - shift;
  const double near = z * (0.42278433509846713 + z * lgammaNearTwo(z));
  return near + std::log(product) - (shift < 2 ? std::log1p(z) : 0) - (shift > 0 ? 0 : std::log(std::fabs(z)));
}

double digamma(double x) {
  if (x < 0) {
    const double s = sinpi(x);
    return s != 0 && !std::isnan(s) ? digamma(1 - x) - (pi * cospi(x)) / s : nan;
  }
  if (x > 10) {
    double tail = 0;
    for (int i = 8; i-- > 0;) tail = (tail + bernoulli[i] / (2 * i + 2)) / x / x;
    return std::log(x) - 0.5 / x - tail;
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

double polygamma(double n, double x) {
  if (!(n >= 0 && n <= 100 && std::floor(n) == n)) return nan;
  if (n == 0) return digamma(x);
  double factorial = std::fmod(n, 2) != 0 ? 1 : -1;
  for (int k = 2; k <= n; k++) factorial *= k;
  return factorial * zeta(n + 1, x);
}

}  // namespace knet::special
