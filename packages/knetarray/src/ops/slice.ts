/** Reading and writing parts of arrays. */
import { type Primitive, primitive } from '@knet/autograd';
import { KnetArray } from '../array.js';
import type { View } from '../backend.js';
import { DeviceArray } from '../core/device-array.js';
import { asDType, copyArray, materialize, viewOf } from '../core/lazy.js';
import { broadcastShapes, broadcastStrides, formatShape, isContiguous, type Shape, sameShape } from '../core/shape.js';
import { copyProgram, fillProgram } from '../program.js';
import { differentDevices } from './elementwise.js';
import { gather, positionsOf } from './gather.js';
import { plain } from './read.js';
import { parseSelection, type Regular, type Selector } from './selection.js';
import { writable } from './write.js';

export { type Selector, Span, span } from './selection.js';

interface RegularOptions {
  readonly regular: readonly Regular[];
}

const sliceRegular: Primitive<(x: KnetArray, options: RegularOptions) => KnetArray> = /* @__PURE__ */ primitive('slice', {
  stateless: true,
  methods: [[[KnetArray], (x: DeviceArray, { regular }: RegularOptions) => sliceView(x, regular)]],
  derivatives: [
    context => {
      const shape = context.describe(0) as Shape;
      const regular = context.options.regular as readonly Regular[];
      return dy => embed(dy, { shape, regular });
    },
  ],
});

/** Zeros of a shape with an array put at regular positions: the transpose of slicing. */
export const embed: Primitive<(x: KnetArray, options: RegularOptions & { shape: Shape }) => KnetArray> = /* @__PURE__ */ primitive(
  'embed',
  {
    methods: [
      [[KnetArray], (x: DeviceArray, options: RegularOptions & { shape: Shape }) => embedInZeros(x, options.shape, options.regular)],
    ],
    derivatives: [
      ({ options }) => {
        const regular = options.regular as readonly Regular[];
        return dy => sliceRegular(dy, { regular });
      },
    ],
  },
);

/**
 * Part of an array, one selector per dimension (missing ones take everything): an integer (drops the dimension), `':'`,
 * `span(start, end, step)`, a list of positions (repeats accumulate in the gradient), an int32 array, or a boolean mask.
 * A contiguous part is a view, any other a copy.
 *
 * @throws RangeError for a position outside of the array
 *
 * @example
 * slice(a, ':', span(3, 5)); // columns 3 and 4
 * slice(a, [0, 0, 2], -1);   // rows 0, 0, 2 of the last column
 */
export function slice(x: KnetArray, ...selectors: Selector[]): KnetArray {
  const { regular, lists } = parseSelection(x.shape, selectors, 'slice');
  let y = x;
  lists.forEach((list, dim) => {
    if (list !== undefined) y = gather(y, positionsOf(list, y), dim);
  });
  const rest = regular.map((r, d) => (lists[d] === undefined ? r : { start: 0, step: 1, count: y.shape[d]!, drop: false }));
  const whole = rest.every((r, d) => r.start === 0 && r.step === 1 && r.count === y.shape[d] && !r.drop);
  return whole ? y : sliceRegular(y, { regular: rest });
}

/**
 * One element as a 0-d array, which stays on the device; `await a.get(1, 2).item()` is its number.
 * @throws RangeError for a position outside of the array
 */
export function get(x: KnetArray, ...indices: number[]): KnetArray {
  if (indices.length !== x.ndim) {
    throw new RangeError(`get: ${indices.length} indices for ${x.ndim} dimensions of shape ${formatShape(x.shape)}`);
  }
  return slice(x, ...indices);
}

/**
 * Writes a number or an array into part of an array, in place. Views that share the elements see it.
 * @throws TypeError on an array that is being differentiated; RangeError when the value does not fit
 *
 * @example
 * set(a, [':', 0], 1); // first column becomes 1
 */
export function set(x: KnetArray, selectors: Selector | readonly Selector[], value: number | KnetArray): void {
  const target = writable(x, 'set');
  const list = Array.isArray(selectors) ? (selectors as readonly Selector[]) : [selectors as Selector];
  const { regular, lists } = parseSelection(target.shape, list, 'set');
  const region = regular.map((r, d) => (lists[d] === undefined ? r.count : sizeOfList(lists[d])));
  const kept = region.filter((_, d) => !regular[d]!.drop);
  const source = sourceOf(value, target, kept, region, regular);
  const data = viewOf(source);
  const { storage } = target.requireBuffer();
  const { backend } = target.device;
  const program = copyProgram(target.dtype);
  forEachRun(regular, lists, (starts, steps, counts, at) => {
    if (counts.includes(0)) return;
    const offset = target.offset + starts.reduce((sum, s, d) => sum + s * target.strides[d]!, 0);
    const strides = steps.map((s, d) => s * target.strides[d]!);
    const input = { ...data, shape: counts, offset: data.offset + at.reduce((sum, i, d) => sum + i * data.strides[d]!, 0) };
    backend.map(program, [input], [], [{ storage, dtype: target.dtype, shape: counts, strides, offset }]);
  });
  source.free();
}

function sizeOfList(list: Int32Array | KnetArray | undefined): number {
  return list instanceof KnetArray ? list.size : (list?.length ?? 0);
}

/** The written value, broadcast to the region. */
function sourceOf(value: number | KnetArray, target: DeviceArray, kept: Shape, region: Shape, regular: readonly Regular[]): DeviceArray {
  const { device, dtype } = target;
  if (typeof value === 'number') return DeviceArray.constant(device, dtype, region, asDType(value, dtype));
  const source = plain(value, 'set');
  if (source.device !== device) throw differentDevices('set', target, source);
  if (!sameShape(broadcastShapes(source.shape, kept, 'set'), kept)) {
    throw new RangeError(`set: a value of shape ${formatShape(source.shape)} does not fit the selected shape ${formatShape(kept)}`);
  }
  const copy = copyArray(source, dtype);
  materialize(copy);
  // Dropped dimensions have one position, so their stride does not matter.
  const strides = broadcastStrides(copy.shape, copy.strides, kept);
  let next = 0;
  const aligned = regular.map(r => (r.drop ? 0 : strides[next++]!));
  const view = copy.alias(region, copy.offset, aligned);
  copy.free();
  return view;
}

/** Splits a selection with lists into regular pieces, one per combination of listed positions. */
function forEachRun(
  regular: readonly Regular[],
  lists: readonly (Int32Array | KnetArray | undefined)[],
  f: (starts: number[], steps: number[], counts: number[], at: number[]) => void,
): void {
  const hosts = lists.map(list => (list instanceof KnetArray ? Int32Array.from(list.dataSync()) : list));
  const starts = regular.map(r => r.start);
  const steps = regular.map(r => r.step);
  const counts = regular.map(r => r.count);
  const at = regular.map(() => 0);
  const walk = (d: number): void => {
    if (d === regular.length) {
      f([...starts], steps, [...counts], [...at]);
      return;
    }
    const host = hosts[d];
    if (host === undefined) {
      walk(d + 1);
      return;
    }
    counts[d] = 1;
    host.forEach((position, i) => {
      starts[d] = position;
      at[d] = i;
      walk(d + 1);
    });
  };
  walk(0);
}

function sliceView(x: DeviceArray, regular: readonly Regular[]): DeviceArray {
  const shape = regular.filter(r => !r.drop).map(r => r.count);
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(x.device, x.dtype, shape, constant);
  materialize(x);
  const strides: number[] = [];
  let offset = x.offset;
  regular.forEach((r, d) => {
    if (r.count > 0) offset += r.start * x.strides[d]!;
    if (!r.drop) strides.push(r.step * x.strides[d]!);
  });
  const view = x.alias(shape, offset, strides);
  if (isContiguous(shape, strides)) return view;
  const copied = copyArray(view);
  view.free();
  return copied;
}

function embedInZeros(x: DeviceArray, shape: Shape, regular: readonly Regular[]): DeviceArray {
  const { device, dtype } = x;
  if (x.size === 0) return DeviceArray.constant(device, dtype, shape, 0);
  const source = viewOf(x);
  const result = DeviceArray.empty(device, dtype, shape);
  const whole = result.view();
  for (const part of partsAround(whole, regular)) device.backend.map(fillProgram(dtype), [], [0], [part]);
  const { strides } = result;
  let next = 0;
  const inputStrides = regular.map(r => (r.drop ? 0 : source.strides[next++]!));
  const counts = regular.map(r => r.count);
  const offset = regular.reduce((sum, r, d) => sum + r.start * strides[d]!, 0);
  const output = { ...whole, shape: counts, strides: regular.map((r, d) => r.step * strides[d]!), offset };
  device.backend.map(copyProgram(dtype), [{ ...source, shape: counts, strides: inputStrides }], [], [output]);
  return result;
}

/** What has to be filled before a selection is written: what lies before and behind it, if it is a run along one dimension; else all. */
function partsAround(whole: View, regular: readonly Regular[]): View[] {
  const { shape, strides } = whole;
  const partial = shape.flatMap((n, d) => (regular[d]!.count === n && regular[d]!.step === 1 ? [] : [d]));
  const [d] = partial;
  if (d === undefined) return [];
  const { start, count, step } = regular[d]!;
  if (partial.length > 1 || (step !== 1 && count !== 1)) return [whole];
  const part = (from: number, to: number): View => ({
    ...whole,
    shape: shape.map((n, i) => (i === d ? to - from : n)),
    offset: whole.offset + from * strides[d]!,
  });
  return [part(0, start), part(start + count, shape[d]!)].filter(({ shape: rest }) => !rest.includes(0));
}
