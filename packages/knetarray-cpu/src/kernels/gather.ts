/** Gathering and scattering slices along a dimension, and cumulative sums. */
import type { TypedArray, View } from '@knet/knetarray';
import { collapse, formatShape } from '@knet/knetarray';
import { elements } from './storage.js';

/** The gather kernel. @throws RangeError for a position past the end */
export function gather(source: View, indices: View, output: View, dim: number): void {
  const x = elements(source);
  const y = elements(output);
  const list = positionsOf('gather', indices, source.shape, dim);
  if (singles(output, dim)) {
    gatherSingles(x, source.offset, source.strides[dim]!, list, y, output.offset, output.strides[dim]!);
    return;
  }
  forEachSlice(output, source, dim, list, (to, from, shape, ys, xs) => {
    if (from < 0) walk(shape, ys, xs, to, 0, (p, _q, n, step) => fill(y, p, n, step));
    else walk(shape, ys, xs, to, from, (p, q, n, ps, qs) => copy(y, p, ps, x, q, qs, n));
  });
}

/** The scatterAdd kernel. @throws RangeError for a position past the end */
export function scatterAdd(source: View, indices: View, output: View, dim: number): void {
  const x = elements(source);
  const y = elements(output);
  const list = positionsOf('scatterAdd', indices, output.shape, dim);
  if (singles(source, dim)) {
    scatterSingles(x, source.offset, source.strides[dim]!, list, y, output.offset, output.strides[dim]!);
    return;
  }
  forEachSlice(source, output, dim, list, (from, to, shape, xs, ys) => {
    if (to < 0) return;
    walk(shape, ys, xs, to, from, (p, q, n, ps, qs) => {
      for (let i = 0; i < n; i++) y[p + i * ps]! += x[q + i * qs]!;
    });
  });
}

/** The cumsum kernel. */
export function cumsum(source: View, output: View, dim: number): void {
  const x = elements(source);
  const y = elements(output);
  const shape = output.shape.map((n, d) => (d === dim ? 1 : n));
  const length = output.shape[dim]!;
  const xs = source.strides[dim]!;
  const ys = output.strides[dim]!;
  walk(shape, output.strides, source.strides, output.offset, source.offset, (p, q, n, ps, qs) => {
    for (let i = 0; i < n; i++) {
      let s = 0;
      for (let l = 0; l < length; l++) y[p + i * ps + l * ys] = s += x[q + i * qs + l * xs]!;
    }
  });
}

/** Whether every slice is a single element, so that a plain loop does. */
function singles(listed: View, dim: number): boolean {
  return listed.shape.every((n, d) => n === 1 || d === dim);
}

function gatherSingles(x: TypedArray, from: number, xs: number, list: Int32Array, y: TypedArray, to: number, ys: number): void {
  for (let j = 0; j < list.length; j++) {
    const i = list[j]!;
    // Two stores: a chosen value would be boxed, being whole in one case.
    if (i < 0) y[to + j * ys] = 0;
    else y[to + j * ys] = x[from + i * xs]!;
  }
}

function scatterSingles(x: TypedArray, from: number, xs: number, list: Int32Array, y: TypedArray, to: number, ys: number): void {
  for (let j = 0; j < list.length; j++) {
    const i = list[j]!;
    if (i >= 0) y[to + i * ys]! += x[from + j * xs]!;
  }
}

/** Visits slice j of the listed view and slice list[j] of the other; -1 stands for a position to leave out. */
function forEachSlice(
  listed: View,
  other: View,
  dim: number,
  list: Int32Array,
  f: (listed: number, other: number, shape: readonly number[], listedStrides: readonly number[], otherStrides: readonly number[]) => void,
): void {
  const rest = listed.shape.map((n, d) => (d === dim ? 1 : n));
  const { shape, strides } = collapse(rest, [listed.strides, other.strides]);
  for (let j = 0; j < list.length; j++) {
    const i = list[j]!;
    f(listed.offset + j * listed.strides[dim]!, i < 0 ? -1 : other.offset + i * other.strides[dim]!, shape, strides[0]!, strides[1]!);
  }
}

function walk(
  shape: readonly number[],
  ps: readonly number[],
  qs: readonly number[],
  p0: number,
  q0: number,
  f: (p: number, q: number, n: number, pStep: number, qStep: number) => void,
): void {
  const visit = (d: number, p: number, q: number): void => {
    if (d <= 0) f(p, q, shape[0] ?? 1, ps[0] ?? 0, qs[0] ?? 0);
    else for (let i = 0; i < shape[d]!; i++) visit(d - 1, p + i * ps[d]!, q + i * qs[d]!);
  };
  visit(shape.length - 1, p0, q0);
}

function copy(y: TypedArray, p: number, ps: number, x: TypedArray, q: number, qs: number, n: number): void {
  if (ps === 1 && qs === 1 && n > 32) y.set(x.subarray(q, q + n), p);
  else for (let i = 0; i < n; i++) y[p + i * ps] = x[q + i * qs]!;
}

function fill(y: TypedArray, p: number, n: number, step: number): void {
  for (let i = 0; i < n; i++) y[p + i * step] = 0;
}

/** The positions as a typed array of their own. @throws RangeError for a position past the end of the dimension */
function positionsOf(caller: string, indices: View, shape: readonly number[], dim: number): Int32Array {
  const data = elements(indices) as Int32Array;
  const [start, step, count] = [indices.offset, indices.strides[0]!, indices.shape[0]!];
  const list = step === 1 ? data.subarray(start, start + count) : Int32Array.from({ length: count }, (_, j) => data[start + j * step]!);
  const length = shape[dim]!;
  for (let j = 0; j < count; j++) {
    const i = list[j]!;
    if (i >= length) throw new RangeError(`${caller}: position ${i} is out of range for dimension ${dim} of shape ${formatShape(shape)}`);
  }
  return list;
}
