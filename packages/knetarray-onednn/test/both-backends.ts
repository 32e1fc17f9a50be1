/** Running a kernel on the native backend and on the plain one of TypeScript, over views of every layout. */
import { type Backend, type DType, type OpName, type Program, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { onednnBackend } from '../src/index.js';

export const native = onednnBackend();
export const plain = cpuBackend({ wasm: false });

/** How elements lie in memory; the broadcast ones repeat along some dimensions. */
export const layouts = ['contiguous', 'offset', 'permuted', 'reversed', 'spaced', 'one', 'row', 'column', 'inner'] as const;
export type Layout = (typeof layouts)[number];

/** A view before it is in a backend. */
export interface HostView {
  readonly data: TypedArray;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A sequence of pseudo-random numbers in [0, 1). */
export function random(seed: number): () => number {
  let s = (seed * 2654435761 + 88172645) >>> 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 2 ** 32;
  };
}

let ids = 10_000;

/** A program from `[operation, ...registers]`. */
export function program(
  dtype: DType,
  inputs: number,
  scalars: number,
  instructions: readonly (readonly [OpName, ...number[]])[],
  outputs: readonly number[],
): Program {
  return { id: ids++, dtype, inputs, scalars, instructions: instructions.map(([op, ...args]) => ({ op, args })), outputs };
}

/** A view of a shape in a layout, whose elements `element` makes. */
export function hostView(dtype: DType, shape: readonly number[], layout: Layout, element: (i: number) => number): HostView {
  const repeated = (d: number): boolean =>
    layout === 'one' ||
    (layout === 'row' && d === 0) ||
    (layout === 'column' && d > 0) ||
    (layout === 'inner' && d !== Math.min(1, shape.length - 1));
  const order = shape.map((_, d) => (layout === 'permuted' ? shape.length - 1 - d : d));
  const strides = shape.map(() => 0);
  let step = layout === 'spaced' ? 3 : 1;
  for (const d of order) {
    if (repeated(d)) continue;
    strides[d] = step;
    step *= shape[d]!;
  }
  let offset = layout === 'offset' || layout === 'spaced' ? 5 : 0;
  if (layout === 'reversed') {
    shape.forEach((n, d) => {
      offset += Math.max(0, n - 1) * strides[d]!;
      strides[d] = -strides[d]!;
    });
  }
  const data = typedArray(dtype, step + 7);
  for (let i = 0; i < data.length; i++) data[i] = dtype === 'bool' ? Number(element(i) !== 0) : element(i);
  return { data, dtype, shape, strides, offset };
}

/** The view in a backend. */
export function upload(backend: Backend, { data, ...rest }: HostView): View {
  const storage = backend.allocate(rest.dtype, data.length);
  backend.write(storage, 0, data);
  return { ...rest, storage };
}

/** Everything in the storages of the outputs, gaps included, after a map. */
export function map(
  backend: Backend,
  p: Program,
  inputs: readonly HostView[],
  scalars: readonly number[],
  outputs: readonly HostView[],
): TypedArray[] {
  const targets = outputs.map(x => upload(backend, x));
  backend.map(
    p,
    inputs.map(x => upload(backend, x)),
    scalars,
    targets,
  );
  return targets.map((x, k) => backend.readSync!(x.storage, x.dtype, 0, outputs[k]!.data.length));
}

const order = (x: number): number => {
  const i = new Int32Array(Float32Array.of(x).buffer)[0]!;
  return i < 0 ? -(i & 0x7fffffff) : i;
};

/** Distance of float32 numbers in units in the last place; infinite when only one is NaN, or zeros differ in sign. */
export function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b) || (a === 0 && b === 0)) return Number.POSITIVE_INFINITY;
  return Math.abs(order(a) - order(b));
}

/** Index of the first element that differs in more than the payload of NaN, or -1. */
export function firstDifference(a: TypedArray, b: TypedArray): number {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return a.length === b.length ? -1 : a.length;
}
