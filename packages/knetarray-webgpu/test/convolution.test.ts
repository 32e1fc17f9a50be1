import {
  type Backend,
  type ConvolutionGeometry,
  type ConvolutionKind,
  type DType,
  sizeOf,
  type TypedArray,
  typedArray,
  type View,
} from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { describe, expect, it } from 'vitest';
import { gpuWith, testBackend } from './gpu.js';

const oracle = cpuBackend({ wasm: false });

const plain = { inputs: 3, outputs: 2, batch: 2, group: 1, flip: false, alpha: 1 };

function geometry(given: Partial<ConvolutionGeometry> & Pick<ConvolutionGeometry, 'x' | 'w'>): ConvolutionGeometry {
  const ones = given.x.map(() => 1);
  const { padding = ones.map(() => 0), stride = ones, dilation = ones } = given;
  const y = given.x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - ((given.w[d]! - 1) * dilation[d]! + 1)) / stride[d]!));
  return { ...plain, ...given, padding, stride, dilation, y };
}

const geometries: Readonly<Record<string, ConvolutionGeometry>> = {
  'of single elements': geometry({ x: [1, 1], w: [1, 1], inputs: 1, outputs: 1, batch: 1 }),
  'of lines': geometry({ x: [23], w: [4] }),
  'of lines with everything': geometry({
    x: [37],
    w: [5],
    padding: [3],
    stride: [2],
    dilation: [3],
    flip: true,
    alpha: -2,
    inputs: 5,
    outputs: 3,
  }),
  'of images': geometry({ x: [9, 7], w: [3, 2], inputs: 5, outputs: 4 }),
  'of LeNet, first layer': geometry({ x: [28, 28], w: [5, 5], inputs: 1, outputs: 20, batch: 3 }),
  'of LeNet, second layer': geometry({ x: [12, 12], w: [5, 5], inputs: 20, outputs: 50, batch: 3 }),
  'of the same size': geometry({ x: [13, 11], w: [3, 3], padding: [1, 1], inputs: 7, outputs: 19 }),
  'with much padding': geometry({ x: [4, 3], w: [3, 3], padding: [5, 4], flip: true, alpha: 0.5 }),
  'with strides': geometry({ x: [11, 10], w: [3, 3], stride: [2, 3], padding: [1, 1] }),
  'with long strides': geometry({ x: [14, 9], w: [2, 3], stride: [4, 2], inputs: 4, outputs: 33, flip: true }),
  'of many channels, with strides': geometry({ x: [9, 8], w: [3, 3], stride: [2, 2], padding: [1, 1], inputs: 35, outputs: 40 }),
  'with dilation': geometry({ x: [13, 9], w: [3, 2], dilation: [2, 3] }),
  'with strides and dilation': geometry({ x: [17, 16], w: [3, 4], stride: [4, 3], dilation: [2, 3], padding: [3, 2], flip: true }),
  'in groups': geometry({ x: [6, 5], w: [2, 2], inputs: 6, outputs: 4, group: 2 }),
  'in groups of many channels': geometry({ x: [6, 5], w: [3, 3], inputs: 34, outputs: 38, group: 2, padding: [1, 0], flip: true }),
  'of single channels': geometry({ x: [9, 5], w: [3, 3], inputs: 4, outputs: 4, group: 4, padding: [1, 1], stride: [1, 2] }),
  'of volumes': geometry({ x: [5, 4, 3], w: [2, 3, 2], inputs: 2, stride: [1, 2, 1], flip: true }),
  'of padded volumes': geometry({ x: [5, 6, 7], w: [3, 3, 3], inputs: 3, outputs: 6, padding: [1, 2, 0], dilation: [1, 2, 1] }),
  'of points': geometry({ x: [7, 3], w: [1, 1], inputs: 9, outputs: 70, batch: 5 }),
  'of one dimension written as two': geometry({ x: [1, 40], w: [1, 9], inputs: 3, outputs: 5 }),
  'of many instances': geometry({ x: [3, 3], w: [2, 2], inputs: 1, outputs: 1, batch: 1500 }),
};

const kinds = ['forward', 'gradientX', 'gradientW'] as const;

/** Elements in [-1, 1) that differ from array to array. */
function sample(length: number, seed: number): Float64Array {
  let x = seed;
  return Float64Array.from({ length }, () => {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    return Math.fround(Math.round((x / 2 ** 31 - 1) * 1024) / 1024);
  });
}

/** Runs a kernel on arrays that begin in the middle of storages, and reads the result. */
async function run(
  backend: Backend,
  dtype: DType,
  kind: ConvolutionKind,
  g: ConvolutionGeometry,
  inputs: readonly [TypedArray, TypedArray],
): Promise<TypedArray> {
  const shapes = { w: [...g.w, g.inputs / g.group, g.outputs], x: [...g.x, g.inputs, g.batch], y: [...g.y, g.outputs, g.batch] };
  const [a, b, output] = {
    forward: [shapes.w, shapes.x, shapes.y],
    gradientX: [shapes.w, shapes.y, shapes.x],
    gradientW: [shapes.x, shapes.y, shapes.w],
  }[kind] as [number[], number[], number[]];
  const place = (shape: readonly number[], data: TypedArray | undefined, offset: number): View => {
    const length = sizeOf(shape);
    const storage = backend.allocate(dtype, length + 2 * offset);
    // What lies around the arrays is seen by nobody.
    const all = typedArray(dtype, length + 2 * offset).fill(Number.NaN);
    if (data !== undefined) all.set(data, offset);
    backend.write(storage, 0, all);
    return { storage, dtype, shape, strides: [], offset };
  };
  const views = [place(a, inputs[0], 3), place(b, inputs[1], 5), place(output, undefined, 4)] as const;
  backend.convolution!(kind, g, ...views);
  const { storage } = views[2];
  const all = await backend.read(storage, dtype, 0, sizeOf(output) + 8);
  expect([...all.subarray(0, 4), ...all.subarray(all.length - 4)].every(Number.isNaN)).toBe(true);
  for (const view of views) backend.release(view.storage);
  return all.subarray(4, all.length - 4);
}

async function check(backend: Backend, dtype: DType, kind: ConvolutionKind, g: ConvolutionGeometry): Promise<void> {
  const sizes = { w: [...g.w, g.inputs / g.group, g.outputs], x: [...g.x, g.inputs, g.batch], y: [...g.y, g.outputs, g.batch] };
  const [w, x, y] = [sample(sizeOf(sizes.w), 1), sample(sizeOf(sizes.x), 2), sample(sizeOf(sizes.y), 3)];
  // Whatever holds them holds them exactly.
  const inputs = kind === 'forward' ? ([w, x] as const) : kind === 'gradientX' ? ([w, y] as const) : ([x, y] as const);
  const expected = await run(oracle, 'float64', kind, g, inputs);
  const actual = await run(backend, dtype, kind, g, [inputs[0], inputs[1]]);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / (1 + Math.abs(expected[i]!));
    worst = Math.max(error, worst);
  }
  // Rounding of sums of that many products.
  const terms = { forward: sizes.w.slice(0, -1), gradientX: [...g.w, g.outputs / g.group], gradientW: [...g.y, g.batch] }[kind];
  expect(worst).toBeLessThan(3e-7 * Math.sqrt(sizeOf(terms) + 4));
}

// Without subgroups, values are shared in no way.
const single = gpuWith(adapter => ({ features: new Set([...adapter.features].filter(name => name !== 'subgroups')) }));
const backends = [
  ['software', await testBackend({ kernels: 'software' })],
  ['software without subgroups', await testBackend({ kernels: 'software', gpu: single })],
  ['gpu', await testBackend({ kernels: 'gpu' })],
] as const;

/** What is compiled anew for these: loads that nobody shares, and on GPUs tiles, besides what few channels need. */
const unshared = /lines|same size|much padding|long strides|in groups of|volumes/;
const tiled = /lines|LeNet|same size|strides|in groups|single|padded|points/;

describe.each(backends)('convolution for %s', (kernels, backend) => {
  for (const [name, g] of Object.entries(geometries)) {
    if (kernels !== 'software' && !(kernels === 'gpu' ? tiled : unshared).test(name)) continue;
    for (const kind of kinds) {
      it(`${name}, ${kind}`, () => check(backend, 'float32', kind, g));
    }
  }
});

it('uses larger tiles where there are many positions', { timeout: 120_000 }, async () => {
  const gpu = backends[2][1];
  await check(gpu, 'float32', 'forward', geometry({ x: [181, 182], w: [2, 1], inputs: 3, outputs: 65, batch: 1, flip: true }));
});

it('keeps plans apart from where the arrays lie', async () => {
  const g = geometry({ x: [6, 6], w: [3, 3] });
  for (const [, backend] of backends) {
    const before = backend.counts.dispatches;
    for (let i = 0; i < 3; i++) await check(backend, 'float32', 'forward', g);
    expect(backend.counts.dispatches - before).toBe(3);
  }
});
