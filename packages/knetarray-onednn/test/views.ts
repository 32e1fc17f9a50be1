/** Views of equal contents on the native backend and on the portable one, for comparing their kernels. */
import { type Backend, type DType, fillBits, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { cpuBackend } from '@knet/knetarray-cpu';
import { expect } from 'vitest';
import { onednnBackend } from '../src/index.js';

/** The backend under test and the one that says what is right. */
export const native = onednnBackend();
export const oracle = cpuBackend({ wasm: false });

/** A layout: a view but for its storage. */
export interface Layout {
  dtype: DType;
  shape: readonly number[];
  strides?: readonly number[];
  offset?: number;
}

/** Elements that a layout reaches to. */
function extent({ shape, strides = contiguous(shape), offset = 0 }: Layout): number {
  return shape.reduce((end, n, d) => end + Math.max(0, (n - 1) * strides[d]!), offset + 1);
}

function contiguous(shape: readonly number[]): number[] {
  let step = 1;
  return shape.map(n => {
    const stride = step;
    step *= n;
    return stride;
  });
}

/** A view on a backend, of a storage that begins with the given data. */
export function viewOn(backend: Backend, layout: Layout, data?: TypedArray): View {
  const { dtype, shape, strides = contiguous(shape), offset = 0 } = layout;
  const storage = backend.allocate(dtype, Math.max(extent(layout), data?.length ?? 0));
  if (data !== undefined) backend.write(storage, 0, data);
  return { storage, dtype, shape, strides, offset };
}

/** Everything that the storage of a view holds. */
export function contents(backend: typeof native | typeof oracle, view: View, length: number): TypedArray {
  return backend.readSync(view.storage, view.dtype, 0, length);
}

/** Reproducible elements: whole numbers around 0, with zeros of both signs, infinities and NaN for the floating ones on request. */
export function sample(dtype: DType, length: number, seed: number, special = false): TypedArray {
  const bits = new Uint32Array(length);
  fillBits([seed, length], bits);
  const data = typedArray(dtype, length);
  const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 0];
  const floating = dtype === 'float32' || dtype === 'float64';
  for (let i = 0; i < length; i++) {
    const word = bits[i]!;
    if (special && floating && word % 5 === 0) data[i] = specials[(word >>> 8) % specials.length]!;
    else if (dtype === 'bool') data[i] = word & 1;
    else data[i] = (word % 23) - (dtype === 'uint8' ? 0 : 11) + (floating ? (word >>> 20) / 4096 : 0);
  }
  return data;
}

/** Runs a kernel on both backends, over views with equal inputs and outputs that hold the same at first, and compares the outputs. */
export function compare(
  inputs: readonly { layout: Layout; data: TypedArray }[],
  outputs: readonly { layout: Layout; data?: TypedArray }[],
  run: (backend: typeof native | typeof oracle, inputs: View[], outputs: View[]) => void,
): void {
  const before = outputs.map(({ layout, data }) => data ?? sample(layout.dtype, extent(layout) + 7, 99));
  const results = [oracle, native].map(backend => {
    const xs = inputs.map(({ layout, data }) => viewOn(backend, layout, data));
    const ys = outputs.map(({ layout }, i) => viewOn(backend, layout, before[i]));
    run(backend, xs, ys);
    return ys.map((y, i) => contents(backend, y, before[i]!.length));
  });
  expectSame(results[1]!, results[0]!);
}

/** Compares lists of arrays element by element, the sign of zero included. */
export function expectSame(actual: readonly TypedArray[], expected: readonly TypedArray[]): void {
  expected.forEach((array, k) => {
    expect(actual[k]!.length).toBe(array.length);
    for (let i = 0; i < array.length; i++) {
      if (!Object.is(actual[k]![i], array[i])) throw new Error(`result ${k}, element ${i}: ${actual[k]![i]}, expected ${array[i]}`);
    }
  });
}

/** Runs something with 1, 2 and 3 threads and expects equal bits. */
export function forThreads(run: () => readonly TypedArray[]): void {
  const count = native.threads;
  try {
    const results = [1, 2, 3].map(threads => {
      native.threads = threads;
      return run();
    });
    expectSame(results[1]!, results[0]!);
    expectSame(results[2]!, results[0]!);
  } finally {
    native.threads = count;
  }
}
