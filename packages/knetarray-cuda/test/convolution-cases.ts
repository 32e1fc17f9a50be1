/** Geometries of convolution, and what the loops of the portable backend make of them in double precision. */
import type { Backend, ConvolutionGeometry, ConvolutionKind, DType, TypedArray } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { elementsOf, numbers, product, rounded, viewOf } from './views.js';

const oracle = cpuBackend({ wasm: false });

/** A geometry, with defaults for what is not there. */
export interface Case {
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

/** The result of a kernel for the numbers that a dtype makes of the same ones. The output begins `before` elements into its storage. */
export function run(backend: Backend, kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType, before = 3): TypedArray {
  const [first, second, third] = operands[kind];
  const data = (name: 'w' | 'x' | 'y') => rounded(dtype, numbers(sizes(g)[name], name.charCodeAt(0)));
  const [a, b] = [viewOf(backend, dtype, data(first), 1), viewOf(backend, dtype, data(second), 2)];
  const output = viewOf(backend, dtype, data(third), before);
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
  const [first, second, third] = operands[kind];
  const data = (name: 'w' | 'x' | 'y') => Float64Array.from(rounded(dtype, numbers(sizes(g)[name], name.charCodeAt(0))));
  const output = viewOf(oracle, 'float64', data(third));
  oracle.convolution(kind, g, viewOf(oracle, 'float64', data(first)), viewOf(oracle, 'float64', data(second)), output);
  const result = elementsOf(oracle, output);
  wanted.set(key, result);
  return result;
}

/** Error of rounding a number once, and of sums of so many terms, in units of their typical size. */
const precision: Partial<Record<DType, readonly [once: number, sums: number]>> = {
  float64: [0, 3e-15],
  float32: [0, 1e-6],
  float16: [2 ** -11, 1e-6],
};

/** Runs a kernel and compares. @throws Error where a number is further off than the dtype explains */
export function check(backend: Backend, kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType, before?: number): void {
  const [actual, want] = [run(backend, kind, g, dtype, before), expected(kind, g, dtype)];
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
