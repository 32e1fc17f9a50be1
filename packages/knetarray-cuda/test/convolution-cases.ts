/** Geometries of convolution, and what the loops of the portable backend make of them in double precision. */
import type { Backend, ConvolutionGeometry, ConvolutionKind, DType, TypedArray, View } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { elementsOf, numbers, product, rounded, viewOf } from './views.js';

const oracle = cpuBackend({ wasm: false });

/** A geometry, with defaults for what is not there. */
interface Case {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
  readonly batch: number;
  readonly padding?: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly group?: number;
  readonly flip?: boolean;
  readonly alpha?: number;
}

/** Geometries at the edges of what the kernels distinguish. */
export const cases: Readonly<Record<string, Case>> = {
  'a single number': { x: [1, 1], w: [1, 1], inputs: 1, outputs: 1, batch: 1 },
  'LeNet 1': { x: [14, 12], w: [5, 5], inputs: 1, outputs: 20, batch: 2 },
  'LeNet 2': { x: [8, 8], w: [5, 5], inputs: 6, outputs: 10, batch: 3, flip: false },
  'one dimension': { x: [23], w: [4], inputs: 3, outputs: 7, batch: 2 },
  'one dimension, stride 3, dilation 2': { x: [50], w: [4], inputs: 2, outputs: 5, batch: 2, padding: [2], stride: [3], dilation: [2] },
  'one dimension, filter longer than x': { x: [3], w: [9], inputs: 2, outputs: 6, batch: 2, padding: [4] },
  'stride 2': { x: [9, 8], w: [3, 3], inputs: 6, outputs: 8, batch: 2, padding: [1, 1], stride: [2, 2] },
  'stride longer than the filter': { x: [11, 9], w: [2, 1], inputs: 5, outputs: 6, batch: 2, stride: [4, 3], alpha: -2.5 },
  'stride and dilation with a common factor': {
    x: [17, 15],
    w: [3, 2],
    inputs: 5,
    outputs: 5,
    batch: 2,
    padding: [3, 1],
    stride: [4, 3],
    dilation: [6, 3],
  },
  'stride and filter longer than x': {
    x: [3, 2],
    w: [5, 4],
    inputs: 5,
    outputs: 6,
    batch: 2,
    padding: [4, 3],
    stride: [7, 5],
    flip: false,
  },
  patches: { x: [8, 12], w: [4, 4], inputs: 3, outputs: 12, batch: 2, stride: [4, 4] },
  'padding wider than the filter': { x: [4, 3], w: [2, 3], inputs: 5, outputs: 6, batch: 2, padding: [5, 4] },
  'three dimensions': { x: [6, 7, 5], w: [3, 2, 3], inputs: 5, outputs: 6, batch: 2 },
  'three dimensions, everything': {
    x: [9, 8, 7],
    w: [3, 2, 3],
    inputs: 4,
    outputs: 12,
    batch: 2,
    padding: [1, 2, 1],
    stride: [2, 1, 3],
    dilation: [1, 2, 1],
    group: 2,
    flip: false,
    alpha: 0.5,
  },
  points: { x: [4, 8], w: [1, 1], inputs: 9, outputs: 40, batch: 4 },
  'two tiles of channels and pixels': { x: [13, 10], w: [2, 1], inputs: 65, outputs: 67, batch: 1 },
  'a full tile': { x: [16, 8], w: [1, 1], inputs: 64, outputs: 64, batch: 1, alpha: 2 },
  'few pixels, many channels': { x: [2, 3], w: [3, 3], inputs: 40, outputs: 33, batch: 1, padding: [1, 1] },
  'many pixels, few channels': { x: [33, 34], w: [3, 3], inputs: 5, outputs: 6, batch: 2, padding: [1, 1] },
  'each channel alone': { x: [9, 10], w: [3, 3], inputs: 5, outputs: 5, batch: 2, padding: [1, 1], group: 5 },
  'each channel alone, many pixels': { x: [25, 24], w: [3, 2], inputs: 2, outputs: 2, batch: 2, group: 2, alpha: 0.75 },
  'each channel alone, stride 2': {
    x: [9, 10],
    w: [3, 2],
    inputs: 5,
    outputs: 10,
    batch: 2,
    padding: [1, 0],
    stride: [2, 2],
    group: 5,
    flip: false,
  },
  'groups of three': { x: [5, 6], w: [2, 2], inputs: 12, outputs: 12, batch: 3, group: 4 },
  'one channel of long sums': { x: [2, 2], w: [2, 2], inputs: 90, outputs: 1, batch: 3 },
  'one channel of x, many weights': { x: [20, 21], w: [9, 9], inputs: 1, outputs: 3, batch: 2 },
  // Numbers beyond 32 bits, so that all positions have 64.
  'a stride beyond 32 bits': { x: [9, 6], w: [3, 2], inputs: 5, outputs: 6, batch: 2, padding: [1, 0], stride: [2 ** 33, 1] },
  'a dilation beyond 32 bits': { x: [6, 7], w: [1, 3], inputs: 5, outputs: 33, batch: 2, dilation: [2 ** 33, 1], flip: false },
  'a dilation beyond 32 bits, each channel alone': {
    x: [6, 7],
    w: [1, 3],
    inputs: 3,
    outputs: 3,
    batch: 2,
    dilation: [2 ** 33, 1],
    stride: [2, 2],
    group: 3,
  },
};

/** The geometry of a case. */
export function geometryOf({ x, w, inputs, outputs, batch, group = 1, flip = true, alpha = 1, ...rest }: Case): ConvolutionGeometry {
  const { padding = x.map(() => 0), stride = x.map(() => 1), dilation = x.map(() => 1) } = rest;
  const y = x.map((n, d) => 1 + Math.floor((n + 2 * padding[d]! - ((w[d]! - 1) * dilation[d]! + 1)) / stride[d]!));
  return { x, w, y, padding, stride, dilation, inputs, outputs, batch, group, flip, alpha };
}

/** All three kernels. */
export const kinds: readonly ConvolutionKind[] = ['forward', 'gradientX', 'gradientW'];

const operands = { forward: ['w', 'x', 'y'], gradientX: ['w', 'y', 'x'], gradientW: ['x', 'y', 'w'] } as const;

function sizes(g: ConvolutionGeometry) {
  return {
    w: product(g.w) * (g.inputs / g.group) * g.outputs,
    x: product(g.x) * g.inputs * g.batch,
    y: product(g.y) * g.outputs * g.batch,
  };
}

/** The operands of a kernel, and what its output holds before: the numbers that a dtype makes of the same ones. */
export function dataOf(kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType): [a: TypedArray, b: TypedArray, output: TypedArray] {
  const data = (name: 'w' | 'x' | 'y') => rounded(dtype, numbers(sizes(g)[name], name.charCodeAt(0)));
  const [a, b, output] = operands[kind];
  return [data(a), data(b), data(output)];
}

/** The result of a kernel. The output begins `before` elements into its storage. */
export function run(backend: Backend, kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType, before = 3): TypedArray {
  const [first, second, third] = dataOf(kind, g, dtype);
  const [a, b, output] = [viewOf(backend, dtype, first, 1), viewOf(backend, dtype, second, 2), viewOf(backend, dtype, third, before)];
  backend.convolution?.(kind, g, a, b, output);
  const result = elementsOf(backend, output);
  for (const view of [a, b, output]) backend.release(view.storage);
  return result;
}

const wanted = new Map<string, TypedArray>();

/** The same in double precision, for the numbers that a dtype makes. */
export function expected(kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType): TypedArray {
  const key = JSON.stringify([kind, g, dtype]);
  const known = wanted.get(key);
  if (known !== undefined) return known;
  const [a, b, output] = dataOf(kind, g, dtype).map(data => viewOf(oracle, 'float64', Float64Array.from(data))) as [View, View, View];
  oracle.convolution(kind, g, a, b, output);
  const result = elementsOf(oracle, output);
  wanted.set(key, result);
  return result;
}

/** Error of rounding a number once, and of sums of so many terms, in units of their typical size. */
const precision: Partial<Record<DType, readonly [once: number, sums: number]>> = {
  float64: [0, 6e-15],
  float32: [0, 2e-6],
  float16: [2 ** -11, 2e-6],
  bfloat16: [2 ** -8, 2e-6],
};

/** Compares a result. @throws Error where a number is further off than the dtype explains */
export function compare(actual: TypedArray, kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType): void {
  const want = expected(kind, g, dtype);
  const terms = { forward: product(g.w) * g.inputs, gradientX: product(g.w) * g.outputs, gradientW: product(g.y) * g.batch }[kind];
  const [once, sums] = precision[dtype]!;
  want.forEach((x, i) => {
    // Numbers below 2^-14 have a fixed distance in half precision.
    const most = once * (Math.abs(x) + 2 ** -14) + sums * Math.abs(g.alpha) * (1 + Math.sqrt(terms));
    const off = Math.abs(actual[i]! - x);
    if (!(off <= most))
      throw new Error(`${kind} of ${dtype}, element ${i}: ${actual[i]} for ${x}, off by ${off}; expected at most ${most}`);
  });
}
