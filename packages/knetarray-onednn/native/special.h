// Functions of one or two real numbers in double precision that the C library lacks or defines otherwise.
#pragma once

namespace knet::special {

// x to the power y as in JavaScript: NaN for a NaN exponent, and for an infinite one of a base 1 or -1.
double pow(double x, double y);
// The length of (x, y): Infinity when one is infinite, whatever the other.
double hypot(double x, double y);
// Halves to even, whatever the rounding mode.
double round(double x);
double exp10(double x);
// sin(pi x) and cos(pi x), exact at whole numbers and halves.
double sinpi(double x);
double cospi(double x);
double erf(double x);
double erfc(double x);
// exp(x^2) erfc(x).
double erfcx(double x);
// Inverses of erf on (-1, 1) and of erfc on (0, 2).
double erfinv(double y);
double erfcinv(double z);
// log |gamma(x)|, without a sign that would be shared between threads.
double lgamma(double x);
double digamma(double x);
// Derivative number n of digamma, n = 0 .. 100; NaN for another n.
double polygamma(double n, double x);

}  // namespace knet::special
