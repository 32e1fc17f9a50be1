/** Derivatives against finite differences: to the second order in float64, to the first in float32. */
import { type DType, gradcheckAsync, isHalf, type KnetArray } from '@knet/knetarray';
import { assert } from '../compare.js';
import type { GradientCase } from '../gradient-case.js';
import { host, sample, upload } from '../host.js';
import type { Suite } from '../suite.js';
import { gradientCases } from './gradient-cases.js';

/** Fresh arguments of a case. */
export function argumentsOf(c: GradientCase, dtype: DType): KnetArray[] {
  const [low, high] = c.range ?? [-2, 2];
  return c.shapes.map((shape, i) => {
    const elements = c.elements?.[i];
    return upload(elements === undefined ? sample(dtype, shape, { low, high, seed: 5 + i }) : host(dtype, shape, elements));
  });
}

/** Registers the tests. */
export function checkGradients(suite: Suite): void {
  suite.group('derivatives', () => {
    const cases = [...gradientCases, ...(suite.options.gradients ?? [])];
    for (const name of new Set(cases.map(c => c.name))) {
      // Halves are too coarse for finite differences; their rules are those of the other types.
      for (const dtype of suite.floats.filter(each => !isHalf(each))) {
        const mine = cases.filter(c => c.name === name);
        suite.test(
          name,
          dtype,
          async () => {
            for (const c of mine) await checkCase(c, dtype);
          },
          'gradient',
        );
      }
    }
  });
}

async function checkCase(c: GradientCase, dtype: DType): Promise<void> {
  const args = argumentsOf(c, dtype);
  const order = dtype === 'float64' ? (c.order ?? 2) : 1;
  const tolerance = dtype === 'float64' ? (c.tolerance ?? 1e-4) : Math.max(c.tolerance ?? 0, 0.03);
  const f = (list: KnetArray[]): unknown => c.run(...list);
  const good = await gradcheckAsync(f, [args], { order, samples: 4, atol: tolerance, rtol: tolerance });
  assert(good, `${c.name}: the gradient differs from finite differences (order ${order}, shapes ${JSON.stringify(c.shapes)})`);
}
