import { describe, expect, it } from 'vitest';
import { Adam, constant, cosine, exponentialDecay, type Schedule, scheduleFrom, stepDecay, warmup } from '../src/index.js';

const at = (schedule: Schedule, steps: number[]) => steps.map(step => Number(schedule(step).toFixed(10)));

describe('schedules', () => {
  it('give the rate of each step', () => {
    expect(at(constant(0.3), [0, 9])).toEqual([0.3, 0.3]);
    expect(at(stepDecay(1, { every: 2 }), [0, 1, 2, 3, 4])).toEqual([1, 1, 0.1, 0.1, 0.01]);
    expect(at(exponentialDecay(1, { rate: 0.25, every: 2 }), [0, 1, 2])).toEqual([1, 0.5, 0.25]);
    expect(at(cosine(1, { steps: 4, end: 0.2 }), [0, 2, 4, 9])).toEqual([1, 0.6, 0.2, 0.2]);
    expect(at(warmup(1, { steps: 4 }), [0, 1, 4, 9])).toEqual([0, 0.25, 1, 1]);
    expect(at(warmup(stepDecay(1, { every: 1 }), { steps: 2, start: 0.5 }), [0, 1, 2, 3])).toEqual([0.5, 0.75, 1, 0.1]);
  });

  it('can be stored and made again', () => {
    const all = [
      constant(0.3),
      stepDecay(1, { every: 2 }),
      exponentialDecay(1, { rate: 0.5 }),
      cosine(1, { steps: 4 }),
      warmup(cosine(1, { steps: 4 }), { steps: 3 }),
    ];
    for (const schedule of all) {
      const again = scheduleFrom(JSON.parse(JSON.stringify(schedule.definition)));
      for (let step = 0; step < 9; step++) expect(again(step)).toBe(schedule(step));
      const { lr } = new Adam().restore(new Adam({ lr: schedule }).state());
      expect(typeof lr === 'function' && lr(3)).toBe(schedule(3));
    }
    expect(warmup(step => step, { steps: 3 }).definition).toBeUndefined();
  });

  it('refuse impossible options', () => {
    expect(() => stepDecay(1, { every: 0 })).toThrow('stepDecay: every must be a whole number of at least 1, not 0');
    expect(() => cosine(1, { steps: 1.5 })).toThrow(/steps must be a whole number/);
    expect(() => scheduleFrom({ name: 'cosine', lr: 1, options: {} })).toThrow('scheduleFrom: cosine needs the number steps');
  });
});
