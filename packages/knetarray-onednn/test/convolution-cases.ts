/** Tests of convolution against the portable backend's direct loops in float64, for the instruction set that is in use. */
import type { Backend, ConvolutionGeometry, ConvolutionKind, DType } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { onednnBackend } from '../src/index.js';

const oracle = cpuBackend({ wasm: false });

interface Case {
  x: number[];
  w: number[];
  inputs: number;
  outputs: number;
  batch: number;
  padding?: number[];
  stride?: number[];
  dilation?: number[];
  group?: number;
  flip?: boolean;
  alpha?: number;
}

const product = (xs: readonly number[]) => xs.reduce((n, m) => n * m, 1);

function geometryOf({ x, w, inputs, outputs, batch, group = 1, flip = true, alpha = 1, ...rest }: Case): ConvolutionGeometry {
  const { padding = x.map(() => 0), stride = x.map(() => 1), dilation = x.map(() => 1) } = rest;
  const y = x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - ((w[d]! - 1) * dilation[d]! + 1)) / stride[d]!));
  return { x, w, y, padding, stride, dilation, inputs, outputs, batch, group, flip, alpha };
}

/** Reproducible numbers between -1 and 1. */
function numbers(length: number, seed: number): Float64Array {
  let state = seed * 2654435761 + 12345;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const shapes = (g: ConvolutionGeometry) => ({
  w: [...g.w, g.inputs / g.group, g.outputs],
  x: [...g.x, g.inputs, g.batch],
  y: [...g.y, g.outputs, g.batch],
});

const operands = { forward: ['w', 'x', 'y'], gradientX: ['w', 'y', 'x'], gradientW: ['x', 'y', 'w'] } as const;

/** Runs a kernel; every array begins at an offset of its own, and what surrounds the result must stay as it is. */
function run(backend: Backend, kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType): Float64Array {
  const make = (name: 'w' | 'x' | 'y', at: number) => {
    const shape = shapes(g)[name];
    const size = product(shape);
    const storage = backend.allocate(dtype, size + at + 3);
    const data = numbers(size + at + 3, name.charCodeAt(0));
    backend.write(storage, 0, dtype === 'float64' ? data : Float32Array.from(data));
    const strides = shape.map((_, d) => product(shape.slice(0, d)));
    return { storage, dtype, shape, strides, offset: at, size };
  };
  const [a, b, output] = operands[kind].map((name, i) => make(name, [1, 0, 2][i]!)) as [
    ReturnType<typeof make>,
    ReturnType<typeof make>,
    ReturnType<typeof make>,
  ];
  const before = backend.readSync!(output.storage, dtype, 0, output.size + 5);
  backend.convolution!(kind, g, a, b, output);
  const after = backend.readSync!(output.storage, dtype, 0, output.size + 5);
  expect([...after.slice(0, 2), ...after.slice(output.size + 2)]).toEqual([...before.slice(0, 2), ...before.slice(output.size + 2)]);
  return Float64Array.from(after.slice(2, output.size + 2));
}

/** Largest difference in units of the sum's typical size. */
function difference(actual: Float64Array, expected: Float64Array, terms: number, alpha: number): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    if (!(d <= worst)) worst = d;
  }
  return worst / (Math.abs(alpha) * Math.sqrt(terms));
}

const kinds = ['forward', 'gradientX', 'gradientW'] as const;

const cases: Record<string, Case> = {
  'LeNet 1': { x: [28, 28], w: [5, 5], inputs: 1, outputs: 20, batch: 3 },
  'LeNet 2': { x: [12, 12], w: [5, 5], inputs: 20, outputs: 50, batch: 5 },
  'a single number': { x: [1, 1], w: [1, 1], inputs: 1, outputs: 1, batch: 1 },
  'one dimension': { x: [23], w: [4], inputs: 3, outputs: 7, batch: 2 },
  'one dimension, padded': { x: [65], w: [9], inputs: 2, outputs: 5, batch: 3, padding: [6] },
  'one dimension, stride 3, dilation 2': { x: [50], w: [4], inputs: 2, outputs: 3, batch: 2, padding: [2], stride: [3], dilation: [2] },
  'one dimension, filter longer than x': { x: [3], w: [9], inputs: 2, outputs: 3, batch: 2, padding: [4] },
  'a long signal': { x: [6000], w: [25], inputs: 2, outputs: 3, batch: 1, padding: [12], stride: [2] },
  'padding of one side of a plane': { x: [9, 7], w: [3, 2], inputs: 4, outputs: 5, batch: 2, padding: [2, 0] },
  'more padding than filter': { x: [3, 4], w: [2, 2], inputs: 2, outputs: 3, batch: 2, padding: [4, 5] },
  'nothing but padding along a dimension': { x: [1, 9], w: [1, 3], inputs: 2, outputs: 3, batch: 2, padding: [1, 0], stride: [4, 1] },
  'stride 2': { x: [15, 14], w: [3, 3], inputs: 3, outputs: 6, batch: 3, padding: [1, 1], stride: [2, 2] },
  'stride beyond the filter': { x: [11, 13], w: [1, 2], inputs: 2, outputs: 4, batch: 2, stride: [3, 4] },
  'stride 2 and dilation 2': { x: [17, 19], w: [3, 3], inputs: 3, outputs: 4, batch: 2, padding: [2, 1], stride: [2, 2], dilation: [2, 2] },
  'mixed stride and dilation': {
    x: [21, 16],
    w: [2, 4],
    inputs: 3,
    outputs: 4,
    batch: 1,
    padding: [0, 3],
    stride: [1, 3],
    dilation: [4, 2],
  },
  'filter of the size of x': { x: [6, 7], w: [6, 7], inputs: 3, outputs: 4, batch: 2 },
  '1x1': { x: [9, 9], w: [1, 1], inputs: 6, outputs: 11, batch: 3 },
  'two groups': { x: [10, 9], w: [3, 3], inputs: 6, outputs: 4, batch: 2, group: 2, padding: [1, 1] },
  depthwise: { x: [12, 11], w: [3, 3], inputs: 8, outputs: 8, batch: 3, group: 8, padding: [1, 1] },
  'depthwise, two filters each': { x: [9, 8], w: [3, 3], inputs: 5, outputs: 10, batch: 2, group: 5 },
  correlation: { x: [9, 8], w: [3, 2], inputs: 2, outputs: 3, batch: 2, flip: false },
  'correlation with stride': { x: [13, 12], w: [4, 3], inputs: 2, outputs: 3, batch: 2, flip: false, stride: [2, 3], padding: [1, 2] },
  alpha: { x: [8, 8], w: [3, 3], inputs: 2, outputs: 3, batch: 2, alpha: -2.5 },
  'three dimensions': { x: [6, 7, 5], w: [3, 2, 3], inputs: 3, outputs: 5, batch: 2 },
  'three dimensions, everything': {
    x: [9, 8, 7],
    w: [3, 2, 3],
    inputs: 4,
    outputs: 6,
    batch: 2,
    padding: [1, 2, 1],
    stride: [2, 1, 3],
    dilation: [1, 2, 1],
    group: 2,
    flip: false,
    alpha: 0.5,
  },
  'three dimensions of which two are 1': { x: [1, 1, 33], w: [1, 1, 3], inputs: 2, outputs: 3, batch: 2, padding: [0, 0, 1] },
  'planes of many rows': { x: [70, 90], w: [5, 5], inputs: 3, outputs: 4, batch: 1, padding: [2, 2] },
  'several blocks of rows and channels': { x: [40, 50], w: [3, 3], inputs: 40, outputs: 9, batch: 1, padding: [1, 1] },
  'many channels': { x: [7, 7], w: [3, 3], inputs: 96, outputs: 70, batch: 2, padding: [1, 1] },
  // oneDNN, see native/convolution_onednn.h: 32 or more channels in blocks of 16, 200 or more pixels, 4e6 or more multiplications.
  'many channels, 1x1': { x: [8, 8], w: [1, 1], inputs: 128, outputs: 96, batch: 7 },
  'many channels, stride 2': { x: [14, 14], w: [3, 3], inputs: 64, outputs: 64, batch: 5, padding: [1, 1], stride: [2, 2] },
  'many channels, parts of unequal size': { x: [8, 8], w: [3, 3], inputs: 32, outputs: 48, batch: 17 },
  'many channels, dilated': { x: [15, 15], w: [3, 3], inputs: 64, outputs: 64, batch: 1, padding: [2, 2], dilation: [2, 2] },
  'many channels, correlation': { x: [9, 10], w: [3, 3], inputs: 64, outputs: 80, batch: 5, flip: false, alpha: 2 },
  // Winograd's filtering, see native/winograd.cc: rows of 3 or 5, few full vectors lost, 4e6 or more multiplications.
  'tiles of four pixels, padded, in groups': { x: [14, 13], w: [5, 5], inputs: 16, outputs: 36, batch: 5, padding: [2, 2], group: 2 },
  'tiles of four pixels, more padding than the filter': { x: [14, 3], w: [5, 2], inputs: 20, outputs: 33, batch: 19, padding: [5, 4] },
  'tiles of four pixels, rows of three': {
    x: [12, 16],
    w: [3, 3],
    inputs: 20,
    outputs: 24,
    batch: 7,
    padding: [1, 1],
    flip: false,
    alpha: -0.5,
  },
  'tiles of four pixels, one row': { x: [36, 9], w: [5, 1], inputs: 33, outputs: 17, batch: 6, padding: [2, 0] },
  'tiles of four pixels, a filter that is not square': { x: [20, 7], w: [5, 3], inputs: 12, outputs: 21, batch: 17, flip: false },
  'tiles of four pixels, wide planes': { x: [61, 33], w: [3, 5], inputs: 9, outputs: 18, batch: 2, padding: [0, 1] },
  'many channels in groups': { x: [9, 9], w: [3, 3], inputs: 128, outputs: 128, batch: 3, group: 2, padding: [1, 1] },
};

/** Compares every kernel, geometry and type with the oracle. */
export function testGeometries(): void {
  describe.each(Object.entries(cases))('%s', (_, options) => {
    const g = geometryOf(options);
    const terms = { forward: product(g.w) * g.inputs, gradientX: product(g.w) * g.outputs, gradientW: product(g.y) * g.batch };
    it.each(kinds)('%s', kind => {
      const native = onednnBackend();
      const expected = run(oracle, kind, g, 'float64');
      expect(difference(run(native, kind, g, 'float64'), expected, terms[kind], g.alpha)).toBeLessThan(1e-14);
      expect(difference(run(native, kind, g, 'float32'), expected, terms[kind], g.alpha)).toBeLessThan(3e-6);
    });
  });
}

/** Checks that results are the same to the bit for 1, 2 and 3 threads. */
export function testThreads(): void {
  describe('the number of threads', () => {
    it.each(['LeNet 1', 'LeNet 2', 'depthwise', 'several blocks of rows and channels', 'many channels', 'many channels, 1x1'])(
      'does not change a bit of %s',
      name => {
        const native = onednnBackend();
        const g = geometryOf({ ...cases[name]!, batch: 21 });
        for (const kind of kinds) {
          const [one, two, three] = [1, 2, 3].map(count => {
            native.threads = count;
            return run(native, kind, g, 'float32');
          });
          // As strings of bytes: comparing element by element takes longer than the kernels.
          expect(Buffer.from(two!.buffer).equals(Buffer.from(one!.buffer))).toBe(true);
          expect(Buffer.from(three!.buffer).equals(Buffer.from(one!.buffer))).toBe(true);
        }
      },
    );
  });
}
