import { describe, expect, it } from 'vitest';
import type { ConvolutionGeometry } from '../src/wasm/plan.js';
import { builds, maxDifference, randomArray } from './wasm-kernels.js';

type Options = Partial<Omit<ConvolutionGeometry, 'x' | 'w' | 'y'>>;

function geometry(x: number[], w: number[], options: Options = {}): ConvolutionGeometry {
  const all = (value: number) => x.map(() => value);
  const { padding = all(0), stride = all(1), dilation = all(1) } = options;
  const y = x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - ((w[d]! - 1) * dilation[d]! + 1)) / stride[d]!));
  return { inputs: 1, outputs: 1, batch: 1, group: 1, flip: true, alpha: 1, ...options, x, w, y, padding, stride, dilation };
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

/** Calls back for every (filter element, input element, output element) that belong together. */
function eachTerm(g: ConvolutionGeometry, visit: (iw: number, ix: number, iy: number) => void): void {
  const pad3 = (list: readonly number[], fill: number) => [...list, fill, fill].slice(0, 3) as [number, number, number];
  const x = pad3(g.x, 1);
  const w = pad3(g.w, 1);
  const y = pad3(g.y, 1);
  const padding = pad3(g.padding, 0);
  const stride = pad3(g.stride, 1);
  const dilation = pad3(g.dilation, 1);
  const channels = g.inputs / g.group;
  const filters = g.outputs / g.group;
  const unravel = (i: number, s: number[]) => [i % s[0]!, Math.floor(i / s[0]!) % s[1]!, Math.floor(i / (s[0]! * s[1]!))];
  for (let n = 0; n < g.batch; n++) {
    for (let o = 0; o < g.outputs; o++) {
      for (let c = 0; c < channels; c++) {
        for (let j = 0; j < product(y); j++) {
          const at = unravel(j, y);
          for (let t = 0; t < product(w); t++) {
            const tap = unravel(t, w);
            const p = at.map((v, d) => v * stride[d]! - padding[d]! + (g.flip ? w[d]! - 1 - tap[d]! : tap[d]!) * dilation[d]!);
            if (p.some((v, d) => v < 0 || v >= x[d]!)) continue;
            const channel = c + channels * Math.floor(o / filters);
            visit(
              t + product(w) * (c + channels * o),
              p[0]! + x[0] * (p[1]! + x[1] * (p[2]! + x[2] * (channel + g.inputs * n))),
              j + product(y) * (o + g.outputs * n),
            );
          }
        }
      }
    }
  }
}

const cases: [string, ConvolutionGeometry][] = [
  ['1-D', geometry([17], [3], { inputs: 2, outputs: 3, batch: 2 })],
  ['1-D, size 1', geometry([1], [1], { inputs: 3, outputs: 6, batch: 3 })],
  ['1-D, padding over the filter', geometry([6], [2], { padding: [3], outputs: 5 })],
  ['1-D, stride 3 and dilation 2', geometry([40], [4], { stride: [3], dilation: [2], padding: [2], inputs: 3, outputs: 2, flip: false })],
  ['LeNet, first layer', geometry([28, 28], [5, 5], { outputs: 20, batch: 3 })],
  ['LeNet, second layer', geometry([12, 12], [5, 5], { inputs: 20, outputs: 50, batch: 2, alpha: 0.5 })],
  ['3 x 3, same size', geometry([13, 9], [3, 3], { padding: [1, 1], inputs: 5, outputs: 7, batch: 3, flip: false })],
  [
    'uneven everything',
    geometry([14, 11], [3, 2], { padding: [2, 0], stride: [2, 3], dilation: [1, 2], inputs: 4, outputs: 6, group: 2, batch: 2 }),
  ],
  ['stride that skips elements', geometry([15, 15], [1, 1], { stride: [4, 4], inputs: 3, outputs: 5, batch: 2 })],
  ['input that the last window misses', geometry([12, 12], [3, 3], { stride: [2, 2], inputs: 3, outputs: 2, batch: 2 })],
  ['depthwise', geometry([10, 10], [3, 3], { padding: [1, 1], inputs: 6, outputs: 6, group: 6, batch: 2 })],
  ['pointwise', geometry([5, 7], [1, 1], { inputs: 9, outputs: 11, batch: 2 })],
  ['first dimension of size 1', geometry([1, 30], [1, 5], { inputs: 2, outputs: 5, padding: [0, 2], batch: 2 })],
  ['first dimension untouched', geometry([3, 4, 8], [1, 1, 3], { inputs: 2, outputs: 5, batch: 2 })],
  ['page-sized planes', geometry([30, 14], [3, 3], { padding: [1, 1], inputs: 4, outputs: 4, batch: 2 })],
  ['3-D', geometry([7, 6, 5], [3, 2, 3], { inputs: 3, outputs: 5, batch: 2 })],
  [
    '3-D, all options',
    geometry([9, 8, 7], [2, 3, 2], {
      padding: [1, 2, 0],
      stride: [2, 1, 2],
      dilation: [2, 2, 1],
      inputs: 4,
      outputs: 8,
      group: 4,
      flip: false,
    }),
  ],
  ['many instances', geometry([20, 20], [3, 3], { inputs: 16, outputs: 8, batch: 40, padding: [1, 1] })],
];

describe.each(builds)('convolution, %s build', (_name, kernels) => {
  it.each(cases)('%s: forward and both gradients', (_case, g) => {
    const size = {
      w: product(g.w) * (g.inputs / g.group) * g.outputs,
      x: product(g.x) * g.inputs * g.batch,
      y: product(g.y) * g.outputs * g.batch,
    };
    const w = randomArray(size.w + 2, 1);
    const x = randomArray(size.x + 3, 2);
    const dy = randomArray(size.y + 5, 3);
    const expected = { y: new Float64Array(size.y), x: new Float64Array(size.x), w: new Float64Array(size.w) };
    const { alpha } = g;
    eachTerm(g, (iw, ix, iy) => {
      expected.y[iy]! += alpha * w[iw + 2]! * x[ix + 3]!;
      expected.x[ix]! += alpha * w[iw + 2]! * dy[iy + 5]!;
      expected.w[iw]! += alpha * x[ix + 3]! * dy[iy + 5]!;
    });
    // Results go into the middle of an array of NaN: nothing may be read from there, and nothing written around it.
    const run = (count: number, write: (out: Float32Array, offset: number) => void) => {
      const out = new Float32Array(count + 9).fill(Number.NaN);
      write(out, 4);
      expect(out.subarray(0, 4).every(Number.isNaN) && out.subarray(count + 4).every(Number.isNaN)).toBe(true);
      return out.subarray(4, count + 4);
    };
    const tolerance = (terms: number) => 1e-6 * (2 + terms ** 0.75);
    const y = run(size.y, (out, at) => kernels.convolution(g, w, 2, x, 3, out, at));
    expect(maxDifference(y, expected.y)).toBeLessThan(tolerance(size.w / g.outputs));
    const dx = run(size.x, (out, at) => kernels.convolutionX(g, w, 2, dy, 5, out, at));
    expect(maxDifference(dx, expected.x)).toBeLessThan(tolerance(size.w / g.inputs));
    const dw = run(size.w, (out, at) => kernels.convolutionW(g, x, 3, dy, 5, out, at));
    expect(maxDifference(dw, expected.w)).toBeLessThan(tolerance(size.y / g.outputs));
  });

  it.each([
    ['no options', {}, [10, 16, 22, 28, 34]],
    ['padding 1', { padding: [1] }, [4, 10, 16, 22, 28, 34, 32]],
    ['cross-correlation', { flip: false }, [14, 20, 26, 32, 38]],
  ] as [string, Options, number[]][])('gives the known values: %s', (_case, options, expected) => {
    const y = new Float32Array(expected.length);
    kernels.convolution(geometry([7], [3], options), Float32Array.of(1, 2, 3), 0, Float32Array.of(1, 2, 3, 4, 5, 6, 7), 0, y, 0);
    expect([...y]).toEqual(expected);
  });

  it('keeps what lies beside a row out of its sums', () => {
    const g = geometry([6, 6], [2, 2], { outputs: 2 });
    const w = randomArray(8, 1);
    const x = randomArray(36, 2);
    const dy = randomArray(50, 3);
    dy[4] = Number.NaN; // last of the first row of y
    const dx = new Float32Array(36);
    kernels.convolutionX(g, w, 0, dy, 0, dx, 0);
    expect([...dx].map((v, i) => (Number.isNaN(v) ? i : -1)).filter(i => i >= 0)).toEqual([4, 5, 10, 11]);
    const dw = new Float32Array(8);
    kernels.convolutionW(g, x, 0, dy, 0, dw, 0);
    expect([...dw].map(Number.isNaN)).toEqual([true, true, true, true, false, false, false, false]);
  });
});
