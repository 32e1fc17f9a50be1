/** Reductions: a program is computed into scratch, part by part, and its elements are combined in float64. */
import {
  collapse,
  contiguousStrides,
  copyProgram,
  isContiguous,
  type Program,
  type ReduceOp,
  sizeOf,
  type TypedArray,
  typedArray,
  type View,
} from '@knet/knetarray';
import { argument } from './argument.js';
import { CpuStorage, elements } from './storage.js';

/** How a program is computed: the map kernel of the backend. */
export type Map = (program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]) => void;

/** A fast sum over the middle dimension of a dense array, into the beginning of `out`. */
export type SumMiddle = (inner: number, length: number, outer: number, x: Float32Array, offset: number, out: Float64Array) => void;

/** Below this many elements, copying to WebAssembly memory costs more than it saves. */
const fewest = 4096;

/** Elements of the scratch: they stay in the L2 cache between being computed and being combined. */
const scratchSize = 32768;

/** The reduce kernel for every dtype. Sums are formed in float64, run by run, so that their error does not grow with size. */
export function reduce(
  op: ReduceOp,
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  shape: readonly number[],
  output: View,
  map: Map,
  sumMiddle?: SumMiddle,
): void {
  const kept = output.shape;
  const keptStrides = contiguousStrides(kept);
  const into = shape.map((n, d) => (kept[d] === n ? keptStrides[d]! : 0));
  const results = sizeOf(kept);
  if (op === 'argmax' || op === 'argmin') {
    const dense = program.instructions.length > 0 || isContiguous(shape, inputs[0]!.strides);
    const all = partOf(dense ? program : copyProgram(program.dtype), inputs, scalars, shape, 0, shape.at(-1) ?? 1, map);
    argument(op, all.data, all.offset, shape, kept, elements(output), output.offset);
    return;
  }
  const accumulator = accumulatorOf(op, results);
  // Whole slices of the last dimension that fit in the scratch, at least one.
  const last = shape.length - 1;
  const slice = last < 0 ? 1 : sizeOf(shape) / shape[last]!;
  const total = last < 0 ? 1 : shape[last]!;
  const direct = program.instructions.length === 0;
  const step = direct ? total : Math.max(1, Math.floor(scratchSize / slice));
  for (let from = 0; from < total; from += step) {
    const count = Math.min(step, total - from);
    const part = partOf(program, inputs, scalars, shape, from, count, map);
    const partShape = last < 0 ? shape : [...shape.slice(0, last), count];
    const merged = collapse(partShape, [part.strides, into]);
    const start = last < 0 ? 0 : from * into[last]!;
    const [xs, os] = [merged.strides[0]!, merged.strides[1]!];
    if (op === 'sum' && sumMiddle !== undefined && addSums(sumMiddle, accumulator, part, merged.shape, xs, os, start)) continue;
    combine(op, accumulator, part.data, merged.shape, xs, os, merged.shape.length - 1, part.offset, start);
  }
  const target = elements(output);
  for (let i = 0; i < results; i++) target[output.offset + i] = accumulator[i]!;
}

/** Sums along the first reduced dimension with the fast kernel, and combines what it leaves; false where that is not possible. */
function addSums(
  sumMiddle: SumMiddle,
  accumulator: Float64Array,
  { data, offset }: Part,
  shape: readonly number[],
  xs: readonly number[],
  os: readonly number[],
  start: number,
): boolean {
  const along = os.indexOf(0);
  if (along < 0 || along > 1 || !(data instanceof Float32Array) || sizeOf(shape) < fewest || !isContiguous(shape, xs)) return false;
  const inner = along === 0 ? 1 : shape[0]!;
  const outer = sizeOf(shape.slice(along + 1));
  if (partial.length < inner * outer) partial = new Float64Array(inner * outer);
  sumMiddle(inner, shape[along]!, outer, data, offset, partial);
  const rest = shape.filter((_, d) => d !== along);
  const into = os.filter((_, d) => d !== along);
  combine('sum', accumulator, partial, rest, contiguousStrides(rest), into, rest.length - 1, 0, start);
  return true;
}

let partial = /* @__PURE__ */ new Float64Array(4096);

interface Part {
  readonly data: TypedArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

const scratch = /* @__PURE__ */ new Map<string, CpuStorage>();

/** The program's elements of some slices of the last dimension: where the input has them, or computed into scratch. */
function partOf(
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  shape: readonly number[],
  from: number,
  count: number,
  map: Map,
): Part {
  const last = shape.length - 1;
  const shifted = (view: View): View => {
    const partShape = last < 0 ? shape : [...shape.slice(0, last), count];
    return { ...view, shape: partShape, offset: view.offset + (last < 0 ? 0 : from * view.strides[last]!) };
  };
  if (program.instructions.length === 0) {
    const input = inputs[0]!;
    return { data: elements(input), offset: input.offset + (last < 0 ? 0 : from * input.strides[last]!), strides: input.strides };
  }
  const whole = last < 0 || (from === 0 && count === shape[last]);
  const views = whole ? inputs : inputs.map(shifted);
  const partShape = whole ? shape : [...shape.slice(0, last), count];
  const size = sizeOf(partShape);
  const storage = scratchOf(program, size);
  const strides = contiguousStrides(partShape);
  map(program, views, scalars, [{ storage, dtype: program.dtype, shape: partShape, strides, offset: 0 }]);
  return { data: storage.data, offset: 0, strides };
}

function scratchOf({ dtype }: Program, size: number): CpuStorage {
  const known = scratch.get(dtype);
  if (known !== undefined && known.data.length >= size) return known;
  const storage = new CpuStorage(typedArray(dtype, Math.max(size, scratchSize)));
  // A single slice can be larger than the scratch; that much is not kept.
  if (size <= scratchSize) scratch.set(dtype, storage);
  return storage;
}

let small = /* @__PURE__ */ new Float64Array(4096);

function accumulatorOf(op: ReduceOp, length: number): Float64Array {
  if (length > small.length) small = new Float64Array(length);
  return small.fill(op === 'sum' ? 0 : op === 'prod' ? 1 : op === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, 0, length);
}

/** Combines a strided array into the accumulator, dimension by dimension; the innermost is one run. */
function combine(
  op: ReduceOp,
  out: Float64Array,
  x: TypedArray,
  shape: readonly number[],
  xs: readonly number[],
  os: readonly number[],
  d: number,
  at: number,
  into: number,
): void {
  if (d > 1) {
    for (let i = 0; i < shape[d]!; i++) combine(op, out, x, shape, xs, os, d - 1, at + i * xs[d]!, into + i * os[d]!);
    return;
  }
  const n = shape[0] ?? 1;
  const [xStep, oStep] = [xs[0] ?? 0, os[0] ?? 0];
  const rows = shape[1] ?? 1;
  for (let r = 0; r < rows; r++) {
    const p = at + r * (xs[1] ?? 0);
    const q = into + r * (os[1] ?? 0);
    if (oStep === 0) out[q] = combineRun(op, out[q]!, x, p, xStep, n);
    else combineEach(op, out, q, oStep, x, p, xStep, n);
  }
}

function combineRun(op: ReduceOp, start: number, x: TypedArray, at: number, step: number, n: number): number {
  let a = start;
  switch (op) {
    case 'sum': {
      if (step !== 1) {
        for (let i = 0; i < n; i++) a += x[at + i * step]!;
        return a;
      }
      return a + sumRun(x, at, n);
    }
    case 'prod':
      // Products of int32 wrap like machine integers; float64 would lose their low bits.
      if (x instanceof Int32Array) for (let i = 0; i < n; i++) a = Math.imul(a, x[at + i * step]!);
      else for (let i = 0; i < n; i++) a *= x[at + i * step]!;
      return a;
    case 'max':
      for (let i = 0; i < n; i++) a = Math.max(a, x[at + i * step]!);
      return a;
    default:
      for (let i = 0; i < n; i++) a = Math.min(a, x[at + i * step]!);
      return a;
  }
}

/** Sum of a run: halves are summed apart, so that the rounding error grows with the logarithm of the length. */
function sumRun(x: TypedArray, at: number, n: number): number {
  if (n > 512) {
    const half = (n >> 1) & ~3;
    return sumRun(x, at, half) + sumRun(x, at + half, n - half);
  }
  // Four partial sums: additions that do not wait for each other.
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = at;
  const end = at + n;
  for (; i + 3 < end; i += 4) {
    s0 += x[i]!;
    s1 += x[i + 1]!;
    s2 += x[i + 2]!;
    s3 += x[i + 3]!;
  }
  for (; i < end; i++) s0 += x[i]!;
  return s0 + s1 + (s2 + s3);
}

function combineEach(op: ReduceOp, out: Float64Array, o: number, oStep: number, x: TypedArray, at: number, step: number, n: number): void {
  switch (op) {
    case 'sum':
      if (oStep === 1 && step === 1) for (let i = 0; i < n; i++) out[o + i]! += x[at + i]!;
      else for (let i = 0; i < n; i++) out[o + i * oStep]! += x[at + i * step]!;
      break;
    case 'prod':
      if (x instanceof Int32Array) for (let i = 0; i < n; i++) out[o + i * oStep] = Math.imul(out[o + i * oStep]!, x[at + i * step]!);
      else for (let i = 0; i < n; i++) out[o + i * oStep]! *= x[at + i * step]!;
      break;
    case 'max':
      for (let i = 0; i < n; i++) out[o + i * oStep] = Math.max(out[o + i * oStep]!, x[at + i * step]!);
      break;
    default:
      for (let i = 0; i < n; i++) out[o + i * oStep] = Math.min(out[o + i * oStep]!, x[at + i * step]!);
  }
}
