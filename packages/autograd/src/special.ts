/**
 * Special functions of one real number in float64.
 *
 * The error functions use W. J. Cody's rational approximations (Math. Comp. 23 (1969) 631-637; ACM TOMS 715). The gamma family is
 * built on one primitive, the Hurwitz zeta function by the Euler-Maclaurin formula (DLMF 25.11.5), so that every Taylor coefficient
 * is computed once instead of being stored.
 */

/** Horner's rule, highest power first. */
const poly = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, c) => sum * x + c, 0);

/** erf(x) / x in powers of x² for |x| <= 0.46875. */
const erfNear = (t: number) =>
  poly([0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694], t) /
  poly([1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171], t);

/** exp(sign * x²) without the rounding error of x² showing: the leading bits of x square exactly. */
const expSquare = (x: number, sign: number) => {
  const lead = Math.trunc(x * 16) / 16;
  return Math.exp(sign * lead * lead) * Math.exp(sign * (x - lead) * (x + lead));
};

/** erfcx(x) for x > 0.46875. */
const erfcxFar = (x: number) => {
  if (x <= 4)
    return (
      poly(
        [
          2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
          1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
        ],
        x,
      ) /
      poly(
        [
          1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247,
          3439.3676741437216, 1230.3393548037495,
        ],
        x,
      )
    );
  const t = 1 / x / x;
  const tail =
    poly(
      [0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378],
      t,
    ) / poly([1, 2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918], t);
  return (1 / Math.sqrt(Math.PI) - t * tail) / x;
};

/**
 * Error function, 2/√π ∫₀ˣ exp(-t²) dt.
 * @example erf(0.5) // 0.5204998778130465
 */
export function erf(x: number): number {
  return Math.abs(x) <= 0.46875 ? x * erfNear(x * x) : x < 0 ? erfc(-x) - 1 : 1 - erfc(x);
}

/**
 * Complementary error function 1 - erf(x), accurate in the far tail down to subnormal results.
 * @example erfc(10) // 2.088487583762545e-45
 */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erf(x);
  return x < 0 ? 2 - erfc(-x) : x > 28 ? 0 : expSquare(x, -1) * erfcxFar(x);
}

/**
 * Scaled complementary error function exp(x²) erfc(x): close to 1 / (x √π) for large x, Infinity below -26.7.
 * @example erfcx(1e10) // 5.641895835477563e-11
 */
export function erfcx(x: number): number {
  if (Math.abs(x) <= 0.46875) return Math.exp(x * x) * (1 - erf(x));
  return x < 0 ? (x < -27 ? Infinity : 2 * expSquare(x, 1) - erfcxFar(-x)) : erfcxFar(x);
}

/**
 * Inverse of {@link erf}: NaN outside [-1, 1], ±Infinity at ±1. Halley's method in the middle, {@link erfcinv} beyond ±0.5.
 * @example erfinv(0.5) // 0.4769362762044699
 */
export function erfinv(y: number): number {
  if (y < 0) return -erfinv(-y);
  if (!(y <= 0.5)) return erfcinv(1 - y);
  // The first two terms of the Maclaurin series: 1 % off at 0.5, and each step of Halley's method cubes the error.
  let x = (Math.sqrt(Math.PI) / 2) * y * (1 + (Math.PI / 12) * y * y);
  for (let step = 0; step < 3; step++) {
    const newton = (erf(x) - y) * (Math.sqrt(Math.PI) / 2) * Math.exp(x * x);
    x -= newton / (1 + x * newton);
  }
  return x;
}

/**
 * Inverse of {@link erfc}: NaN outside [0, 2], Infinity at 0, -Infinity at 2; accurate down to the smallest subnormal argument.
 * @example erfcinv(1e-100) // 15.065574702593
 */
export function erfcinv(z: number): number {
  if (z > 1) return -erfcinv(2 - z);
  if (z > 0.5) return erfinv(1 - z);
  if (z === 0) return Infinity;
  // Newton on log erfc(x) = log z. log erfc is concave and erfc(x) <= exp(-x²), so that this start converges from the right.
  const target = Math.log(z);
  let x = Math.sqrt(-target);
  for (let step = 0; step < 7; step++) {
    const scaled = erfcx(x);
    x -= ((x * x - Math.log(scaled) + target) * scaled * Math.sqrt(Math.PI)) / 2;
  }
  return x;
}

/** sin(π (x + shift / 2)) for a whole shift, reduced exactly. */
const sinpiShifted = (x: number, shift: number) => {
  const r = x % 2;
  const quarter = Math.round(2 * r) | 0;
  const t = Math.PI * (r - quarter / 2);
  const s = (quarter + shift) & 1 ? Math.cos(t) : Math.sin(t);
  return (quarter + shift) & 2 ? 0 - s : s;
};

/**
 * sin(πx), exactly 0 at whole numbers and ±1 halfway between them.
 * @example sinpi(1e15 + 0.5) // 1
 */
export function sinpi(x: number): number {
  return sinpiShifted(x, 0);
}

/**
 * cos(πx), exactly ±1 at whole numbers and 0 halfway between them.
 * @example cospi(0.5) // 0
 */
export function cospi(x: number): number {
  return sinpiShifted(x, 1);
}

/** Bernoulli numbers B2, B4, ..., B16. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

/** Hurwitz zeta function ζ(s, q) = Σ_{k>=0} (q + k)^-s for whole s >= 2 (DLMF 25.11.5). */
function zeta(s: number, q: number): number {
  if (q < 0) {
    // The sum over every whole k depends on the fraction of q alone: take it there, and subtract its terms below q.
    const f = -q % 1;
    if (f === 0) return s % 2 ? NaN : Infinity;
    return zeta(s, 1 - f) + (s % 2 ? -1 : 1) * (zeta(s, f) - zeta(s, 1 - q));
  }
  let sum = 0;
  for (; q < 10 + 2 * s; q++) sum += q ** -s;
  const power = q ** -s;
  sum += q ** (1 - s) / (s - 1) + power / 2;
  let factor = power / q;
  bernoulli.forEach((b, i) => {
    // factor is s (s+1) ... (s+2i) / (2i+2)! / q^(s+2i+1), one whole-number ratio after the other.
    factor *= i ? ((s + 2 * i - 1) * (s + 2 * i)) / (2 * i + 1) / (2 * i + 2) / q / q : s / 2;
    sum += b * factor;
  });
  return sum;
}

/** Σ_{k>=0} (-t)^k c(k): alternating Taylor series of the gamma family, with the coefficients computed on the first call. */
const alternating = (length: number, coefficient: (k: number) => number) => {
  let table: number[] | undefined;
  return (t: number) => {
    table ??= Array.from({ length }, (_, i) => coefficient(length - 1 - i));
    return poly(table, -t);
  };
};

/** (lgamma(2 + z) - (1 - γ) z) / z² for |z| <= 0.5 (DLMF 5.7.3). */
const lgammaNearTwo = /* @__PURE__ */ alternating(28, k => zeta(k + 2, 2) / (k + 2));

/** The positive zero of digamma, as two float64 numbers. */
const rootHigh = 1.4616321449683622;
const rootLow = 9.549995429965697e-17;

/** digamma(root + t) / t on [1, 2] (DLMF 5.15.1 at the zero). */
const digammaNearRoot = /* @__PURE__ */ alternating(44, k => zeta(k + 2, rootHigh));

/** Σ B2k / (2k (2k-1)) / x^(2k-1), the tail of Stirling's series. */
const stirling = (x: number) => bernoulli.reduceRight((sum, b, i) => sum / x / x + b / (2 * i + 1) / (2 * i + 2), 0) / x;

/**
 * log |Γ(x)|: Infinity at 0, at the negative whole numbers and at ±Infinity. Close to the zeros between negative whole numbers the
 * error is a few 1e-16 absolute instead of relative.
 * @example lgamma(10) // 12.801827480081469 = log(9!)
 */
export function lgamma(x: number): number {
  if (x <= -0.5) {
    const s = sinpi(x);
    return s ? Math.log(Math.PI / Math.abs(x * s)) - lgamma(-x) : Infinity;
  }
  if (x > 10) return (x - 0.5) * (Math.log(x) - 1) + 0.4189385332046727 + stirling(x);
  let product = 1;
  while (x > 2.5) product *= --x;
  const shift = x < 0.5 ? 0 : x < 1.5 ? 1 : 2;
  const z = x - shift;
  const near = z * (0.42278433509846713 + z * lgammaNearTwo(z));
  return near + Math.log(product) - (shift < 2 ? Math.log1p(z) : 0) - (shift ? 0 : Math.log(Math.abs(z)));
}

/**
 * Digamma function ψ(x) = Γ'(x) / Γ(x): -Infinity at 0 (Infinity at -0), NaN at the negative whole numbers and at -Infinity. Close to the
 * zeros between negative whole numbers the error is a few 1e-16 absolute instead of relative.
 * @example digamma(1) // -0.5772156649015329
 */
export function digamma(x: number): number {
  if (x < 0) return sinpi(x) ? digamma(1 - x) - (Math.PI * cospi(x)) / sinpi(x) : NaN;
  if (x > 10) return Math.log(x) - 0.5 / x - bernoulli.reduceRight((sum, b, i) => (sum + b / (2 * i + 2)) / x / x, 0);
  let sum = 0;
  while (x > 2) sum += 1 / --x;
  if (x < 1) sum -= 1 / x++;
  const t = x - rootHigh - rootLow;
  return sum + t * digammaNearRoot(t);
}

/**
 * Polygamma function: derivative number `n` of {@link digamma} (n = 0 is digamma itself). At the poles (0 and the negative whole numbers)
 * Infinity for odd n; for even n NaN, and ∓Infinity at ±0.
 * @param n whole number, 0 to 100
 * @throws RangeError for any other n
 * @example polygamma(1, 1) // 1.6449340668482264 = π²/6
 */
export function polygamma(n: number, x: number): number {
  if (!(n >= 0 && n <= 100 && n % 1 === 0)) throw new RangeError(`polygamma: n must be a whole number from 0 to 100, got ${n}`);
  if (!n) return digamma(x);
  let factorial = n % 2 ? 1 : -1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return factorial * zeta(n + 1, x);
}

/**
 * Trigamma function ψ'(x), the derivative of {@link digamma}: `polygamma(1, x)`.
 * @example trigamma(0.5) // 4.934802200544679 = π²/2
 */
export function trigamma(x: number): number {
  return polygamma(1, x);
}
