/** Every elementwise operation as a float64 function, with the range where it is tested and how it treats whole numbers. */
import type { OpName } from '@knet/knetarray';
import * as special from './special.js';

/** What the tests know of an operation. */
export interface OperationCase {
  readonly f: (...x: number[]) => number;
  /** Range of each argument. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  /** Whether whole numbers stay whole; the others are computed in float32. */
  readonly whole?: boolean;
  /** Whether arithmetic on bytes and truth values becomes int32. */
  readonly widens?: boolean;
  /** Arguments with a prescribed result, the same for every float dtype. */
  readonly special?: readonly (readonly number[])[];
  /** How much wider than a few roundings the result may be. */
  readonly factor?: number;
  /** Whether the result is exact: rounding once to the dtype. */
  readonly exact?: boolean;
}

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
const wide: readonly [number, number] = [-8, 8];
const signs = [[0], [-0], [nan], [inf], [-inf]];
const pairs = [0, -0, 1, -1, nan, inf, -inf].flatMap(a => [0, -0, 1, nan, inf, -inf].map(b => [a, b]));
const bit = (b: boolean): number => (b ? 1 : 0);
const isNan = Number.isNaN;

/** Rounding to nearest, halves to even, without Math.round's halves upwards. */
function roundEven(x: number): number {
  if (!Number.isFinite(x)) return x;
  const down = Math.floor(x);
  const rest = x - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  const r = up ? down + 1 : down;
  return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
}

function cbrt(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  let y = Math.sign(x) * Math.exp(Math.log(Math.abs(x)) / 3);
  for (let i = 0; i < 3; i++) y -= (y * y * y - x) / (3 * y * y);
  return y;
}

/** The operations; `opNames` of the contract are its keys. */
export const operationCases: Readonly<Record<OpName, OperationCase>> = {
  copy: { f: x => x!, ranges: [wide], whole: true, exact: true, special: signs },
  neg: { f: x => 0 - x! || -x!, ranges: [wide], whole: true, widens: true, exact: true, special: signs },
  abs: { f: x => (x! < 0 || Object.is(x, -0) ? -x! : x!), ranges: [wide], whole: true, exact: true, special: signs },
  abs2: { f: x => x! * x!, ranges: [wide], whole: true, widens: true, exact: true, special: signs },
  sign: { f: x => (x! > 0 ? 1 : x! < 0 ? -1 : x!), ranges: [wide], whole: true, special: signs },
  sqrt: { f: x => x! ** 0.5, ranges: [[0, 100]], special: [[0], [nan], [inf], [-1]] },
  cbrt: { f: x => cbrt(x!), ranges: [wide], special: signs },
  exp: { f: x => Math.E ** x!, ranges: [wide], factor: 8, special: signs },
  exp2: { f: x => 2 ** x!, ranges: [wide], factor: 4, special: signs },
  exp10: { f: x => 10 ** x!, ranges: [[-6, 6]], factor: 8, special: signs },
  expm1: { f: x => Math.expm1(x!), ranges: [[-1, 3]], special: [[nan], [inf], [-inf], [1e-6]] },
  log: { f: x => Math.log(x!), ranges: [[0.01, 50]], special: [[0], [nan], [inf], [-1], [1]] },
  log2: { f: x => Math.log(x!) / Math.LN2, ranges: [[0.01, 50]], special: [[0], [nan], [inf], [-1]] },
  log10: { f: x => Math.log(x!) / Math.LN10, ranges: [[0.01, 50]], special: [[0], [nan], [inf], [-1]] },
  log1p: { f: x => Math.log1p(x!), ranges: [[-0.9, 5]], special: [[nan], [inf], [-1], [-2], [1e-6]] },
  sin: { f: x => Math.sin(x!), ranges: [wide], special: [[0], [nan], [inf]] },
  cos: { f: x => Math.cos(x!), ranges: [wide], special: [[0], [nan], [inf]] },
  tan: { f: x => Math.tan(x!), ranges: [[-1.4, 1.4]], special: [[0], [nan]] },
  asin: { f: x => Math.asin(x!), ranges: [[-1, 1]], special: [[2], [nan]] },
  acos: { f: x => Math.acos(x!), ranges: [[-1, 1]], special: [[2], [nan]] },
  atan: { f: x => Math.atan(x!), ranges: [wide], special: [[inf], [-inf], [nan]] },
  sinh: { f: x => (Math.expm1(x!) - Math.expm1(-x!)) / 2, ranges: [wide], factor: 4, special: [[inf], [-inf], [nan]] },
  cosh: { f: x => (Math.exp(x!) + Math.exp(-x!)) / 2, ranges: [wide], factor: 4, special: [[inf], [-inf], [nan]] },
  tanh: { f: x => Math.tanh(x!), ranges: [wide], special: [[0], [inf], [-inf], [nan]] },
  asinh: { f: x => Math.asinh(x!), ranges: [wide], special: [[inf], [-inf], [nan]] },
  acosh: { f: x => Math.acosh(x!), ranges: [[1.1, 20]], special: [[1], [0.5], [inf], [nan]] },
  atanh: { f: x => Math.atanh(x!), ranges: [[-0.9, 0.9]], special: [[1], [-1], [2], [nan]] },
  sinpi: { f: x => special.sinpi(x!), ranges: [[-3, 3]], special: [[1], [0.5], [-0.5], [nan]] },
  cospi: { f: x => special.cospi(x!), ranges: [[-3, 3]], special: [[1], [0.5], [-1.5], [nan]] },
  erf: { f: x => special.erf(x!), ranges: [[-4, 4]], special: [[0], [inf], [-inf], [nan]] },
  erfc: { f: x => special.erfc(x!), ranges: [[-4, 5]], factor: 20, special: [[inf], [-inf], [nan]] },
  erfinv: { f: x => special.erfinv(x!), ranges: [[-0.99, 0.99]], factor: 40, special: [[0], [1], [-1], [2], [nan]] },
  erfcinv: { f: x => special.erfcinv(x!), ranges: [[0.01, 1.99]], factor: 40, special: [[0], [2], [3], [nan]] },
  erfcx: { f: x => special.erfcx(x!), ranges: [[-2, 10]], factor: 20, special: [[inf], [nan]] },
  lgamma: { f: x => special.lgamma(x!), ranges: [[0.1, 30]], factor: 20, special: [[0], [inf], [nan], [-1]] },
  digamma: { f: x => special.digamma(x!), ranges: [[0.2, 20]], factor: 20, special: [[nan]] },
  floor: {
    f: x => (Number.isInteger(x) || !Number.isFinite(x!) ? x! : x! - (((x! % 1) + 1) % 1)),
    ranges: [wide],
    whole: true,
    special: signs,
  },
  ceil: { f: x => -Math.floor(-x!), ranges: [wide], whole: true, exact: true, special: [...signs, [-0.5], [2.5]] },
  round: {
    f: x => roundEven(x!),
    ranges: [wide],
    whole: true,
    exact: true,
    special: [...signs, [0.5], [1.5], [2.5], [-0.5], [-1.5], [-2.5], [0.49999997], [8388609]],
  },
  trunc: {
    f: x => (x! < 0 || Object.is(x, -0) ? -Math.floor(-x!) : Math.floor(x!)),
    ranges: [wide],
    whole: true,
    exact: true,
    special: signs,
  },
  isfinite: { f: x => bit(Math.abs(x!) < inf), ranges: [wide], exact: true, special: signs },
  isnan: { f: x => bit(isNan(x!)), ranges: [wide], exact: true, special: signs },
  add: { f: (a, b) => a! + b!, ranges: [wide, wide], whole: true, widens: true, exact: true, special: pairs },
  sub: { f: (a, b) => a! - b!, ranges: [wide, wide], whole: true, widens: true, exact: true, special: pairs },
  mul: { f: (a, b) => a! * b!, ranges: [wide, wide], whole: true, widens: true, exact: true, special: pairs },
  div: { f: (a, b) => a! / b!, ranges: [wide, [0.5, 8]], special: pairs },
  pow: {
    f: (a, b) => (a === 1 && isNan(b!) ? nan : a! ** b!),
    ranges: [
      [0.1, 4],
      [-3, 3],
    ],
    factor: 8,
    special: [
      [0, 0],
      [2, 0.5],
      [-2, 3],
      [-2, 2],
      [0, 2],
      [-8, 1 / 3],
      [nan, 1],
    ],
  },
  max: { f: (a, b) => (isNan(a!) || isNan(b!) ? nan : Math.max(a!, b!)), ranges: [wide, wide], whole: true, special: pairs },
  min: { f: (a, b) => (isNan(a!) || isNan(b!) ? nan : Math.min(a!, b!)), ranges: [wide, wide], whole: true, special: pairs },
  atan2: {
    f: (a, b) => Math.atan2(a!, b!),
    ranges: [wide, wide],
    special: [
      [0, 1],
      [1, 0],
      [-1, 0],
      [nan, 1],
      [inf, 1],
    ],
  },
  hypot: {
    f: (a, b) => {
      const [big, small] = [Math.max(Math.abs(a!), Math.abs(b!)), Math.min(Math.abs(a!), Math.abs(b!))];
      return big === 0 || !Number.isFinite(big) ? big : big * Math.sqrt(1 + (small / big) ** 2);
    },
    ranges: [wide, wide],
    special: [
      [0, 0],
      [3, 4],
      [1e30, 1e30],
      [inf, 1],
    ],
  },
  polygamma: {
    f: (n, x) => special.polygamma(Math.round(n!), x!),
    ranges: [
      [1, 1],
      [0.5, 12],
    ],
    factor: 40,
  },
  eq: { f: (a, b) => bit(a === b), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  ne: { f: (a, b) => bit(a !== b), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  gt: { f: (a, b) => bit(a! > b!), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  ge: { f: (a, b) => bit(a! >= b!), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  lt: { f: (a, b) => bit(a! < b!), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  le: { f: (a, b) => bit(a! <= b!), ranges: [wide, wide], whole: true, exact: true, special: pairs },
  where: {
    f: (c, a, b) => (c === 0 ? b! : a!),
    ranges: [[-1, 1], wide, wide],
    whole: true,
    exact: true,
    special: [
      [0, 1, 2],
      [-0, 1, 2],
      [nan, 1, 2],
      [1, nan, 2],
      [0, nan, 2],
      [1, 2, inf],
    ],
  },
};
