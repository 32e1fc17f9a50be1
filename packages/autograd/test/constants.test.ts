import { describe, expect, it } from 'vitest';
import { add, floor, grad, mul, nondifferentiable, primitive, sin } from '../src/index.js';

describe('values without a derivative', () => {
  it('ask no rule of the functions that use them', () => {
    // A function with no rule for its second argument can take a box there that carries no gradient.
    const scaled = primitive<(x: number, factor: number) => number>('scaled', {
      number: (x, factor) => x * factor,
      derivatives: [
        ({ args }) => {
          const factor = args[1];
          return dy => mul(dy, factor);
        },
      ],
    });
    expect(grad((x: number) => scaled(x, floor(x)))(2.5)).toBe(2);
    expect(() => grad((x: number) => scaled(x, x))(2.5)).toThrow(/scaled: no derivative with respect to argument 1/);
  });

  it('pass through further functions', () => {
    const step = nondifferentiable(primitive<(x: number) => number>('step', { number: x => Number(x > 0) }));
    expect(grad((x: number) => mul(sin(step(x)), x))(3)).toBe(Math.sin(1));
    expect(grad((x: number) => add(step(x), 1))(3)).toBe(0);
    expect(grad((x: number) => grad((y: number) => mul(mul(x, floor(y)), y))(x))(1.5)).toBe(1);
  });
});
