/** Which slices of which arrays the tests of gather and scatterAdd choose. */
import type { DType } from '@knet/knetarray';
import { type Layout, positions, type Strided, strided } from './strided.js';

export interface Case {
  name: string;
  /** What positions point into. */
  whole: Layout;
  dim: number;
  /** Length of the list, and from one of its elements to the next. */
  count: number;
  step?: number;
}

export const dtypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'bool'];

export const cases: readonly Case[] = [
  { name: 'a vector', whole: { shape: [37] }, dim: 0, count: 53 },
  { name: 'one element', whole: { shape: [1] }, dim: 0, count: 1 },
  { name: 'no position', whole: { shape: [4, 3] }, dim: 0, count: 0 },
  { name: 'nothing', whole: { shape: [0, 3] }, dim: 1, count: 5 },
  { name: 'a reversed vector', whole: { shape: [37], strides: [-2], offset: 75 }, dim: 0, count: 64 },
  { name: 'positions of a stride', whole: { shape: [37], offset: 5 }, dim: 0, count: 33, step: 3 },
  { name: 'positions backwards', whole: { shape: [9, 5] }, dim: 1, count: 8, step: -2 },
  { name: 'columns', whole: { shape: [256, 21] }, dim: 1, count: 40 },
  { name: 'columns of an odd length', whole: { shape: [67, 21] }, dim: 1, count: 40 },
  { name: 'columns from an odd element', whole: { shape: [64, 9], offset: 3 }, dim: 1, count: 12 },
  { name: 'columns with gaps', whole: { shape: [16, 9], strides: [1, 18] }, dim: 1, count: 12 },
  { name: 'short columns', whole: { shape: [3, 21] }, dim: 1, count: 40 },
  { name: 'rows', whole: { shape: [21, 17] }, dim: 0, count: 40 },
  { name: 'rows of a transpose', whole: { shape: [21, 17], strides: [17, 1] }, dim: 0, count: 40 },
  { name: 'columns of a transpose', whole: { shape: [21, 17], strides: [17, 1], offset: 2 }, dim: 1, count: 9 },
  { name: 'a middle dimension', whole: { shape: [5, 7, 3, 2] }, dim: 1, count: 11 },
  { name: 'a permuted middle dimension', whole: { shape: [5, 7, 3], strides: [21, 1, 7] }, dim: 1, count: 11 },
  { name: 'many dimensions', whole: { shape: [2, 3, 2, 3, 4], strides: [216, 1, 108, 3, 27] }, dim: 2, count: 5 },
  { name: 'many positions', whole: { shape: [1000] }, dim: 0, count: 9001 },
  { name: 'two columns of many positions', whole: { shape: [100, 2] }, dim: 0, count: 1100 },
];

/** The views of a case: the whole, the list, and the chosen slices. */
export function viewsOf({ whole, dim, count, step = 1 }: Case, dtype: DType): Record<'whole' | 'list' | 'chosen', Strided> {
  const list = strided('int32', { shape: [count], strides: [step], offset: step < 0 ? -step * Math.max(0, count - 1) : 2 }, 1);
  return {
    whole: strided(dtype, whole, 2),
    list: { ...list, data: positions(list.data.length, whole.shape[dim]!, 3) },
    chosen: strided(dtype, { shape: whole.shape.map((n, d) => (d === dim ? count : n)), offset: 4 }, 4),
  };
}

/** Element j of a list. */
export function listed({ data, strides, offset }: Strided, j: number): number {
  return data[offset + j * strides[0]!]!;
}
