import { describe, expect, it } from 'vitest';
import { cospi, digamma, erf, erfc, erfcinv, erfcx, erfinv, lgamma, polygamma, sinpi, trigamma } from '../src/special-numbers.js';

/** Reference values: 50-digit arithmetic rounded to float64. */
type Pairs = readonly (readonly [x: number, y: number])[];

function expectClose(f: (x: number) => number, pairs: Pairs, tolerance = 1e-15) {
  for (const [x, y] of pairs) {
    const error = Math.abs((f(x) - y) / y);
    expect(error, `f(${x}) = ${f(x)}, expected ${y}`).toBeLessThanOrEqual(tolerance);
  }
}

describe('error functions', () => {
  it('erf', () => {
    expectClose(erf, [
      [1e-300, 1.1283791670955126e-300],
      [1e-10, 1.1283791670955126e-10],
      [0.3, 0.3286267594591274],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [3.5, 0.9999992569016276],
      [-0.7, -0.6778011938374184],
      [5.5, 0.9999999999999927],
    ]);
    expect([erf(0), erf(-0), erf(Infinity), erf(-Infinity), erf(30), erf(Number.NaN)]).toEqual([0, -0, 1, -1, 1, Number.NaN]);
  });

  it('erfc, into the subnormal tail', () => {
    expectClose(erfc, [
      [0.3, 0.6713732405408726],
      [0.5, 0.4795001221869535],
      [1, 0.15729920705028513],
      [4, 1.541725790028002e-8],
      [5, 1.537459794428035e-12],
      [10, 2.088487583762545e-45],
      [20, 5.395865611607901e-176],
      [26, 5.663192408856143e-296],
      [-3, 1.9999779095030015],
    ]);
    // erfc(27) = 5.2370464393526e-319 is 106000 times the smallest subnormal: good to that spacing.
    expect(Math.abs(erfc(27) - 5.23704643935e-319)).toBeLessThanOrEqual(1e-323);
    expect([erfc(0), erfc(28), erfc(Infinity), erfc(-Infinity), erfc(Number.NaN)]).toEqual([1, 0, 0, 2, Number.NaN]);
  });

  it('erfcx, far out on both sides', () => {
    expectClose(erfcx, [
      [-20, 1.0442939379528289e174],
      [-1, 5.008980080762283],
      [0.2, 0.8090195199015807],
      [1, 0.427583576155807],
      [3.9, 0.14031418160068973],
      [4.1, 0.133834116418652],
      [10, 0.05614099274382259],
      [26, 0.021683584850562907],
      [1e10, 1 / 1e10 / Math.sqrt(Math.PI)],
      [1e300, 1 / 1e300 / Math.sqrt(Math.PI)],
    ]);
    expect([erfcx(0), erfcx(Infinity), erfcx(-27), erfcx(-Infinity), erfcx(Number.NaN)]).toEqual([1, 0, Infinity, Infinity, Number.NaN]);
  });

  it('is continuous where the approximations meet', () => {
    for (const x of [0.46875, 4])
      for (const f of [erf, erfc, erfcx])
        for (const s of [1, -1]) {
          const below = f(s * x * (1 - 2 ** -52));
          const above = f(s * x * (1 + 2 ** -52));
          const slope = 2 * x * (f === erfcx ? 4 * x : 1) * 2 ** -52;
          // erfc(4) falls by 2x² per relative step; the values themselves must agree to a few units in the last place.
          expect(Math.abs(above - below) / Math.abs(f(s * x))).toBeLessThanOrEqual(4 * 2 ** -52 + 8 * x * slope);
        }
  });

  it('erfinv', () => {
    expectClose(erfinv, [
      [1e-300, 8.86226925452758e-301],
      [1e-8, 8.86226925452758e-9],
      [0.1, 0.08885599049425769],
      [0.5, 0.4769362762044699],
      [0.51, 0.4881220505159588],
      [0.9, 1.1630871536766743],
      [0.999, 2.3267537655135246],
      [-0.75, -0.8134198475976185],
    ]);
    expect([erfinv(0), erfinv(-0), erfinv(1), erfinv(-1)]).toEqual([0, -0, Infinity, -Infinity]);
    expect([erfinv(1.1), erfinv(-2), erfinv(Infinity), erfinv(Number.NaN)]).toEqual(Array(4).fill(Number.NaN));
    for (let y = -0.995; y < 1; y += 0.01) expect(Math.abs(erf(erfinv(y)) - y)).toBeLessThanOrEqual(2.3e-16);
  });

  it('erfcinv', () => {
    expectClose(erfcinv, [
      [0.3, 0.7328690779592169],
      [1e-5, 3.123413274340875],
      [1e-100, 15.065574702592645],
      [1e-300, 26.209469960516124],
      [5e-324, 27.21329321081295],
      [1.5, -0.4769362762044699],
    ]);
    expect([erfcinv(0), erfcinv(1), erfcinv(2)].map(x => x + 0)).toEqual([Infinity, 0, -Infinity]);
    expect([erfcinv(-0.1), erfcinv(2.1), erfcinv(Number.NaN)]).toEqual(Array(3).fill(Number.NaN));
    for (let z = 0.005; z < 2; z += 0.01) expect(Math.abs(erfc(erfcinv(z)) / z - 1)).toBeLessThanOrEqual(1e-15);
  });
});

describe('sinpi and cospi', () => {
  it('are exact at halves and whole numbers', () => {
    expect([0, 0.5, 1, 1.5, 2, -0.5, -1.5, 1e15 + 0.5].map(sinpi)).toEqual([0, 1, 0, -1, 0, -1, 1, 1]);
    expect([0, 0.5, 1, 1.5, 2, -0.5, -1, 1e15 + 1].map(cospi)).toEqual([1, 0, -1, 0, 1, 0, -1, -1]);
    expect(sinpi(-0)).toBe(-0);
    expect([sinpi(Infinity), cospi(-Infinity), sinpi(Number.NaN)]).toEqual(Array(3).fill(Number.NaN));
  });

  it('agree with sin and cos, and keep their accuracy for large arguments', () => {
    for (let x = -3; x < 3; x += 0.0625) {
      expect(sinpi(x)).toBeCloseTo(Math.sin(Math.PI * x), 14);
      expect(cospi(x)).toBeCloseTo(Math.cos(Math.PI * x), 14);
      expect(sinpi(x + 2 ** 40) - sinpi(x)).toBe(0);
      expect(Math.abs(sinpi(x) ** 2 + cospi(x) ** 2 - 1)).toBeLessThan(5e-16);
    }
  });
});

describe('gamma family', () => {
  it('lgamma', () => {
    expectClose(lgamma, [
      [1e-20, 46.051701859880914],
      [5e-324, 744.4400719213812],
      [0.1, 2.252712651734206],
      [0.5, 0.5723649429247001],
      [1.1, -0.049872441259839764],
      [1.5, -0.12078223763524522],
      [1.999, -0.0004224618006921073],
      [2.25, 0.1248717148923966],
      [3, Math.LN2],
      [7.5, 7.534364236758733],
      [9.99, 12.779315214350193],
      [10.5, 13.940625219403763],
      [100, 359.1342053695754],
      [1e10, 220258509288.81058],
      [-0.3, 1.4648400508576025],
      [-0.7, 1.4524729387568078],
      [-1.5, 0.860047015376481],
      [-10.5, -15.147270590717842],
      [-100.25, -363.4009232278215],
    ]);
    expect([1, 2].map(lgamma).map(x => x + 0)).toEqual([0, 0]);
    expect([0, -0, -1, -2, -1e20, -1e308, 1e306, Infinity, -Infinity].map(lgamma)).toEqual(Array(9).fill(Infinity));
    expect(lgamma(Number.NaN)).toBeNaN();
    let factorial = 1;
    for (let n = 1; n < 20; n++) {
      factorial *= n;
      expect(lgamma(n + 1)).toBeCloseTo(Math.log(factorial), 12);
    }
  });

  it('digamma', () => {
    expectClose(digamma, [
      [1e-10, -10000000000.577215],
      [0.1, -10.423754940411076],
      [0.5, -1.9635100260214235],
      [1, -0.5772156649015329],
      [1.25, -0.22745353337626542],
      [1.4616321449683622, -9.241265521729427e-17],
      [1.5, 0.03648997397857652],
      [2, 0.42278433509846713],
      [2.5, 0.7031566406452432],
      [7, 1.8727843350984672],
      [9.5, 2.1977378764029494],
      [20, 2.970523992242149],
      [1e10, 23.025850929890456],
      [-0.1, 9.245073050052948],
      [-0.75, -2.894120200042932],
      [-7.3, 4.33730730551005],
    ]);
    expect([0, -0, Infinity].map(digamma)).toEqual([-Infinity, Infinity, Infinity]);
    expect([-1, -2, -1e20, -Infinity, Number.NaN].map(digamma)).toEqual(Array(5).fill(Number.NaN));
  });

  it('trigamma and polygamma, on both sides of 0', () => {
    expectClose(trigamma, [
      [1e-5, 10000000001.644909],
      [0.5, 4.934802200544679],
      [1, 1.6449340668482264],
      [3.3, 0.3535015418410618],
      [25, 0.04081066325722558],
      [1e8, 1.000000005e-8],
      [-0.5, 8.934802200544679],
      [-7.3, 14.951383181433922],
    ]);
    expectClose(
      x => polygamma(2, x),
      [
        [0.25, -129.32773993753693],
        [1, -2.4041138063191885],
        [5, -0.048789732245114494],
        [-0.3, 67.63908119988317],
      ],
    );
    expectClose(
      x => polygamma(7, x),
      [
        [1.5, 200.21818559806496],
        [12, 2.6599144024323067e-5],
        [-2.4, 7990964.336796697],
      ],
    );
    expect(polygamma(0, 3)).toBe(digamma(3));
    expect([trigamma(0), trigamma(-3), trigamma(Infinity), polygamma(2, 0), polygamma(2, -1)]).toEqual([
      Infinity,
      Infinity,
      0,
      -Infinity,
      Number.NaN,
    ]);
    expect([trigamma(Number.NaN), trigamma(-Infinity)]).toEqual([Number.NaN, Number.NaN]);
    for (const n of [-1, 0.5, 101, Number.NaN, Infinity]) expect(() => polygamma(n, 1)).toThrow(/^polygamma: n must be/);
  });

  it('each is the derivative of the one before', () => {
    const h = 1e-5;
    for (const x of [0.2, 0.9, 1.1, 1.46, 2.4, 2.6, 7, 9.9, 11, 40, -0.4, -0.6, -3.3]) {
      const central = (f: (x: number) => number) => (f(x + h) - f(x - h)) / (2 * h);
      expect(Math.abs(central(lgamma) / digamma(x) - 1)).toBeLessThan(x === 1.46 ? 1e-6 : 1e-7);
      for (let n = 0; n < 4; n++) {
        const exact = polygamma(n + 1, x);
        expect(Math.abs(central(y => polygamma(n, y)) - exact) / Math.max(1, Math.abs(exact))).toBeLessThan(1e-6);
      }
    }
  });
});
