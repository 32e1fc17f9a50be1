import { cpuBackend } from '@knet/knetarray-cpu';
import { beforeEach, describe, expect, it } from 'vitest';
import { arange, dispose, full, grad, type KnetArray, type Selector, span, useBackend } from '../src/index.js';

beforeEach(() => {
  useBackend(cpuBackend());
});

const cases: readonly (readonly [name: string, shape: number[], selection: Selector[]])[] = [
  ['all', [13, 4], [':', ':']],
  ['the beginning of the last dimension', [9, 2, 5], [':', ':', span(0, 4)]],
  ['the end of the first dimension', [35, 3], [span(2, 35), ':']],
  ['the middle of one dimension', [3, 7, 3], [':', span(2, 4), ':']],
  ['one position', [3, 7, 3], [':', 6, ':']],
  ['one position of a dimension of length 1', [44, 1], [':', 0]],
  ['every second position', [9, 8], [':', span(0, 8, 2)]],
  ['a dimension backwards', [13, 4], [':', span(3, -1, -1)]],
  ['parts of two dimensions', [8, 9], [span(1, 6), span(2, 4)]],
  ['nothing', [13, 4], [':', span(2, 2)]],
];

describe('the gradient of a slice', () => {
  it.each(cases)('is 0 outside of %s, whatever was in the memory before', (_, shape, selection) => {
    const x = arange(1, shape.reduce((n, m) => n * m, 1) + 1).reshape(...shape);
    const weights = x.slice(...selection).dataSync();
    // What the pool hands out next holds sevens; small arrays do not come from there.
    const used = Array.from({ length: 4 }, () => full(shape, 7).add(0));
    for (const array of used) array.dataSync();
    dispose(used);
    const g = grad((v: KnetArray) => {
      const part = v.slice(...selection);
      return part.mul(part).sum().div(2);
    })(x);
    const chosen = new Set(weights);
    expect([...g.dataSync()]).toEqual([...x.dataSync()].map(value => (chosen.has(value) ? value : 0)));
  });
});
