import { describe, expect, it } from 'vitest';
import { gradcheck } from '../src/gradcheck.js';
import * as main from '../src/index.js';
import { add, diff, div, grad, gradloss, mul, nondifferentiable, param, pow, primitive, sin, sub, value } from '../src/index.js';
import * as special from '../src/special.js';

const ag = { ...main, ...special };

describe('grad', () => {
  it('differentiates numbers to any order', () => {
    const f = (x: number) => mul(x, mul(x, x));
    expect(grad(f)(2)).toBe(12);
    expect(grad(grad(f))(2)).toBe(12);
    expect(grad(grad(grad(f)))(2)).toBe(6);
    expect(grad(grad(grad(grad(f))))(2)).toBe(0);
  });

  it('keeps nested gradients apart', () => {
    // d/dx [x * d/dy (x + y)] = 1: the inner derivative is the constant 1.
    const f = (x: number) => mul(x, grad((y: number) => add(x, y))(3));
    expect(grad(f)(5)).toBe(1);
  });

  it('returns the structure of its argument', () => {
    const f = (w: { a: number; b: [number, { c: number }]; name: string; none: null }) => add(mul(w.a, w.a), mul(3, w.b[1].c));
    const g = grad(f)({ a: 2, b: [7, { c: 5 }], name: 'weights', none: null });
    expect(g).toEqual({ a: 4, b: [0, { c: 3 }], name: 'weights', none: null });
    const m = grad((w: Map<string, number>) => mul(w.get('x')!, w.get('y')!))(
      new Map([
        ['x', 2],
        ['y', 3],
      ]),
    );
    expect(m).toEqual(
      new Map([
        ['x', 3],
        ['y', 2],
      ]),
    );
  });

  it('differentiates by any argument and passes the others through', () => {
    const f = (a: number, b: number, options: { scale: number }) => mul(options.scale, sub(mul(a, a), b));
    expect(grad(f)(3, 1, { scale: 2 })).toBe(12);
    expect(grad(f, 1)(3, 1, { scale: 2 })).toBe(-2);
    expect(gradloss(f)(3, 1, { scale: 2 })).toEqual([12, 16]);
  });

  it('follows control flow', () => {
    const f = (x: number, n: number): number => (n === 0 ? 1 : value(x) > 0 ? mul(x, f(x, n - 1)) : x);
    expect(grad(f)(2, 5)).toBe(80);
    expect(grad(f)(-2, 5)).toBe(1);
  });

  it('unboxes a state left in a container of another argument', () => {
    const state = { h: 1, list: [0] };
    const g = grad((w: number, s: { h: number; list: number[] }) => {
      s.h = mul(w, s.h);
      s.list[0] = s.h;
      return mul(s.h, 2);
    })(3, state);
    expect(g).toBe(2);
    expect(state).toEqual({ h: 3, list: [3] });
  });

  it('refuses what would lose a gradient', () => {
    expect(() => grad((x: number) => x * x)(2)).toThrow(/mul\(x, y\)/);
    expect(() => grad((x: number) => (x > 1 ? x : 0))(2)).toThrow(/gt\(x, y\)/);
    expect(() => grad((x: number) => [x, x] as unknown as number)(2)).toThrow(/must return a scalar .*not Array/);
    expect(() => grad(async (x: number) => x)(2)).toThrow(/Promise/);
    let kept: number | undefined;
    grad((x: number) => (kept = mul(x, 2)))(1);
    expect(() => mul(kept!, 2)).toThrow(/has ended/);
    const noRule = primitive<(x: number) => number>('noRule', { number: x => x });
    expect(() => grad((x: number) => noRule(x))(1)).toThrow(/noRule: no derivative with respect to argument 0 \(number\)/);
  });

  it('leaves no recording behind when the function throws', () => {
    expect(() =>
      grad((x: number) => {
        mul(x, x);
        throw new Error('stop');
      })(1),
    ).toThrow('stop');
    expect(ag.isRecording()).toBe(false);
    expect(grad((x: number) => mul(x, x))(2)).toBe(4);
  });
});

describe('primitive', () => {
  it('dispatches on types and takes rules per type', () => {
    class Point {
      constructor(readonly x: number) {}
    }
    const twice = primitive<(x: number | Point | string) => unknown>('twice', {
      methods: [
        [[Point], (p: Point) => new Point(2 * p.x)],
        [[Number], (x: number) => 2 * x],
      ],
    });
    twice.method([String], s => `${s}${s}`);
    expect(twice(2)).toBe(4);
    expect(twice(new Point(3))).toEqual(new Point(6));
    expect(twice('ab')).toBe('abab');
    expect(() => (twice as (x: unknown) => unknown)(true)).toThrow('twice: no method for (boolean)');
    twice.derivative(0, () => dy => mul(dy as number, 2));
    expect(grad((x: number) => twice(x) as number)(1)).toBe(2);
    twice.derivative(0, [Number], () => () => 7);
    expect(grad((x: number) => twice(x) as number)(1)).toBe(7);
  });

  it('nondifferentiable gives zero', () => {
    const step = nondifferentiable(primitive<(x: number) => number>('step', { number: Math.floor }));
    expect(grad((x: number) => mul(x, step(x)))(2.5)).toBe(2);
  });

  it('tells a rule that reads too late', () => {
    const late = primitive<(x: number) => number>('late', { number: x => x, derivatives: [context => dy => mul(dy, context.args[0])] });
    expect(() => grad((x: number) => late(x))(1)).toThrow(/outer function/);
  });
});

describe('param and diff', () => {
  it('is the tape form', () => {
    const w = param(3);
    const b = param(1);
    const unused = param(1);
    const J = diff(() => add(mul(w, w), b));
    expect(J.value).toBe(10);
    expect(J.grad(w)).toBe(6);
    expect(J.grad(b)).toBe(1);
    expect(J.grad(unused)).toBe(0);
    expect(mul(w, 2)).toBe(6);
    expect(() => J.grad(2)).toThrow(/param/);
  });

  it('nests in grad', () => {
    expect(
      grad((x: number) => {
        const w = param(2);
        const J = diff(() => mul(mul(w, w), x));
        return mul(J.grad(w), x);
      })(3),
    ).toBe(24);
  });
});

describe('scalar functions', () => {
  const at: Record<string, number[]> = {
    acosh: [1.5, 3],
    asin: [-0.5, 0.3],
    acos: [-0.5, 0.3],
    atanh: [-0.5, 0.3],
    log: [0.5, 2],
    log2: [0.5, 2],
    log10: [0.5, 2],
    log1p: [-0.5, 2],
    sqrt: [0.5, 2],
    cbrt: [0.5, -2],
    erfinv: [-0.5, 0.7],
    erfcinv: [0.5, 1.3],
    lgamma: [0.5, 3.3, -0.5],
    digamma: [0.5, 3.3],
  };
  const unaryNames = [
    'neg',
    'abs',
    'abs2',
    'sqrt',
    'cbrt',
    'exp',
    'exp2',
    'exp10',
    'expm1',
    'log',
    'log2',
    'log10',
    'log1p',
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
    'sinpi',
    'cospi',
    'erf',
    'erfc',
    'erfinv',
    'erfcinv',
    'erfcx',
    'lgamma',
    'digamma',
  ] as const;
  it.each(unaryNames)('%s passes gradcheck to order 2', name => {
    const f = ag[name] as (x: number) => number;
    for (const x of at[name] ?? [-0.7, 0.4, 1.3]) expect(gradcheck(f, [x]), `${name}(${x})`).toBe(true);
  });
  const binaryNames = ['add', 'sub', 'mul', 'div', 'pow', 'max', 'min', 'atan2', 'hypot'] as const;
  it.each(binaryNames)('%s passes gradcheck in both arguments', name => {
    const f = ag[name] as (a: number, b: number) => number;
    expect(gradcheck((w: [number, number]) => f(w[0], w[1]), [[0.7, 1.3]])).toBe(true);
    expect(gradcheck((w: [number, number]) => f(w[0], w[1]), [[1.9, 0.3]])).toBe(true);
  });

  it('pow at 0, ties of max, where', () => {
    expect(grad(pow)(0, 0)).toBe(0);
    expect(grad(pow, 1)(0, 0)).toBe(0);
    expect(grad(pow)(0, 1)).toBe(1);
    expect(grad(ag.max)(2, 2)).toBe(1);
    expect(grad(ag.max, 1)(2, 2)).toBe(1);
    expect(grad((x: number) => ag.where(ag.gt(x, 0), mul(x, x), 0))(3)).toBe(6);
    expect(grad((x: number) => ag.clamp(x, 0, 1))(2)).toBe(0);
    expect(grad(ag.floor)(2.5)).toBe(0);
    expect([0.5, 1.5, 2.5, -0.5, 2.4].map(x => ag.round(x))).toEqual([0, 2, 2, -0, 2]);
  });
});

describe('gradcheck', () => {
  it('finds a wrong derivative, in value and in order', () => {
    const wrong = primitive<(x: number) => number>('wrong', {
      number: x => x * x,
      derivatives: [
        ({ args }) => {
          const x = args[0];
          return dy => mul(dy, x);
        },
      ],
    });
    expect(gradcheck(wrong, [2])).toBe(false);
    const wrongSecond = primitive<(x: number) => number>('wrongSecond', {
      number: Math.sin,
      derivatives: [
        ({ args }) => {
          const c = Math.cos(value(args[0]));
          return dy => mul(dy, c);
        },
      ],
    });
    expect(gradcheck(wrongSecond, [2], { order: 1 })).toBe(true);
    expect(gradcheck(wrongSecond, [2])).toBe(false);
  });

  it('takes structures and results that are no scalars', () => {
    expect(gradcheck((w: { a: number; b: number[] }) => [mul(w.a, w.b[0]!), div(w.a, w.b[1]!), sin(w.b[1]!)], [{ a: 1, b: [2, 3] }])).toBe(
      true,
    );
  });
});
