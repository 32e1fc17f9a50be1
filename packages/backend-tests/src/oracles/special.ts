/** Special functions in float64 by textbook methods: slow, independent of the library. */

const rootPi = Math.sqrt(Math.PI);

/** Error function: Maclaurin series near 0, 1 - erfc elsewhere. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 2) return Math.sign(x) * (1 - erfc(Math.abs(x)));
  let [term, sum] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / rootPi) * sum;
}

/** Scaled complementary error function exp(x²) erfc(x): Laplace's continued fraction for x > 2. */
export function erfcx(x: number): number {
  if (x < 2) return Math.exp(x * x) * (1 - erf(x));
  let f = 0;
  for (let n = 200; n > 0; n--) f = n / 2 / (x + f);
  return 1 / (rootPi * (x + f));
}

/** Complementary error function. */
export function erfc(x: number): number {
  if (x < 2) return x < -2 ? 2 - erfc(-x) : 1 - erf(x);
  return Math.exp(-x * x) * erfcx(x);
}

/** Inverse of an increasing function on (low, high), by bisection. */
function inverse(f: (x: number) => number, y: number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < 70; i++) {
    const middle = (a + b) / 2;
    if (f(middle) < y) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}

/** Inverse error function. */
export function erfinv(y: number): number {
  if (Number.isNaN(y) || Math.abs(y) > 1) return Number.NaN;
  if (Math.abs(y) === 1) return y * Number.POSITIVE_INFINITY;
  return y === 0 ? y : inverse(erf, y, -6, 6);
}

/** Inverse complementary error function. */
export function erfcinv(y: number): number {
  if (!(y >= 0 && y <= 2)) return Number.NaN;
  if (y === 0 || y === 2) return y === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return -inverse(x => erfc(-x), y, -27, 27);
}

/** Bernoulli numbers B2, B4, ... of the asymptotic series. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

/** log |Γ(x)|: reflection for negative x, recurrence up to 15, then Stirling's series. */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x) || (x <= 0 && Number.isInteger(x))) return Number.POSITIVE_INFINITY;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(sinpi(x))) - lgamma(1 - x);
  let [z, product] = [x, 1];
  while (z < 15) product *= z++;
  let series = 0;
  bernoulli.forEach((b, i) => {
    series += b / ((2 * i + 2) * (2 * i + 1) * z ** (2 * i + 1));
  });
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}

/** Derivative of order n of digamma for positive x; digamma itself for n = 0. */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  const sign = n % 2 === 0 ? -1 : 1;
  let factorial = 1;
  for (let i = 2; i < n; i++) factorial *= i;
  let [z, sum] = [x, 0];
  while (z < 20) sum += 1 / (z++) ** (n + 1);
  let tail = factorial / z ** n + (factorial * n) / (2 * z ** (n + 1));
  let rising = factorial * n;
  bernoulli.forEach((b, i) => {
    const k = 2 * i + 2;
    // (k + n - 1)! / k!
    rising = factorial;
    for (let j = 0; j < k; j++) rising *= (n + j) / (j + 1);
    tail += (b * rising) / z ** (k + n);
  });
  return sign * (factorial * n * sum + tail);
}

/** Derivative of log Γ. */
export function digamma(x: number): number {
  if (x < 0.5) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let [z, sum] = [x, 0];
  while (z < 15) sum -= 1 / z++;
  let series = 0;
  bernoulli.forEach((b, i) => {
    series -= b / ((2 * i + 2) * z ** (2 * i + 2));
  });
  return sum + Math.log(z) - 1 / (2 * z) + series;
}

/** sin(πx), exact at multiples of a half. */
export function sinpi(x: number): number {
  const r = x - 2 * Math.round(x / 2);
  if (Math.abs(r) === 1 || r === 0) return 0;
  return Math.abs(r) > 0.5 ? Math.sign(r) * Math.sin(Math.PI * (1 - Math.abs(r))) : Math.sin(Math.PI * r);
}

/** cos(πx), exact at multiples of a half. */
export function cospi(x: number): number {
  const r = Math.abs(x - 2 * Math.round(x / 2));
  if (r === 0.5) return 0;
  return r > 0.5 ? -Math.cos(Math.PI * (1 - r)) : Math.cos(Math.PI * r);
}
