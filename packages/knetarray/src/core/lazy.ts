/** Lazy evaluation: pending elementwise operations grow into a program, which runs when bytes are needed. */
import type { Limits, ReduceOp, Storage, View } from '../backend.js';
import {
  copyProgram,
  encode,
  instructionBase,
  internProgram,
  maxInstructions,
  maxProgramInputs,
  maxProgramScalars,
  type Program,
  scalarBase,
} from '../program.js';
import type { Contents } from './buffer.js';
import { type Device, isImmediate } from './device.js';
import { DeviceArray, type Operand, Pending, productOp, type Reduction, reductionOp, releasedMessage } from './device-array.js';
import { type DType, isHalf, typedArray } from './dtype.js';
import { roundToHalf } from './half.js';
import { broadcastStrides, contiguousStrides, type Shape, sameShape, sizeOf } from './shape.js';

/** A new pending array: the result of an elementwise operation on operands of this dtype that broadcast to this shape. */
export function defer(op: number, device: Device, dtype: DType, shape: Shape, inputs: Operand[]): DeviceArray {
  // A constant enters as its number: nobody waits for it, and a later write to it is not seen.
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!;
    if (typeof x !== 'number' && x.pending !== undefined) inputs[i] = x.constantValue ?? x;
  }
  const { limits } = device.backend;
  const maxArrays = Math.min(limits.maxProgramArrays - 3, maxProgramInputs);
  const most = Math.min(limits.maxInstructions, maxInstructions);
  let size = measure(inputs, shape);
  while (size.instructions > most || size.arrays > maxArrays || size.scalars > maxProgramScalars) {
    // Too long for one program: the operand with the longest one is computed now.
    let longest: DeviceArray | undefined;
    for (const x of inputs) {
      if (typeof x === 'number' || x.pending === undefined) continue;
      if (longest?.pending === undefined || x.pending.instructions > longest.pending.instructions) longest = x;
    }
    if (longest === undefined) break;
    materialize(longest);
    size = measure(inputs, shape);
  }
  const result = new DeviceArray(device, dtype, shape);
  const snapshots: (Contents | undefined)[] = new Array(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!;
    snapshots[i] = typeof x === 'number' ? undefined : waitFor(x, result);
  }
  result.pending = new Pending(op, inputs, snapshots, size.instructions, size.arrays, size.scalars);
  if (isImmediate()) materialize(result);
  return result;
}

/**
 * A reduction of `x` to `shape`. While a gradient is recorded it waits until something needs it: a loss that nobody reads is
 * never summed. Outside it runs at once, so that what it reads need not be kept.
 */
export function deferReduction(op: ReduceOp, x: DeviceArray, kept: Shape, shape: Shape, dtype: DType): DeviceArray {
  return deferApart(new DeviceArray(x.device, dtype, shape), reductionOp, [x], { op, kept });
}

/** The matrix product of two arrays with data. It waits like a reduction: what it is added to may be where it is computed. */
export function deferProduct(a: DeviceArray, b: DeviceArray, shape: Shape): DeviceArray {
  return deferApart(new DeviceArray(a.device, a.dtype, shape), productOp, [a, b]);
}

/** What is no part of a program. */
function deferApart(result: DeviceArray, op: number, inputs: readonly DeviceArray[], reduction?: Reduction): DeviceArray {
  const snapshots = inputs.map(x => waitFor(x, result));
  result.pending = new Pending(op, inputs, snapshots, 1, 1, 0, undefined, reduction);
  if (!result.scoped || isImmediate()) materialize(result);
  return result;
}

/**
 * Adds a gradient to a sum of gradients where it lies, when it is a product that nobody has asked for yet and the sum belongs
 * to the backward pass alone. Returns whether it did.
 */
export function accumulateProduct(sum: DeviceArray, product: DeviceArray): boolean {
  const { pending } = product;
  if (pending?.op !== productOp || product.holds > 0 || !sameShape(sum.shape, product.shape)) return false;
  materialize(sum);
  const { buffer } = sum;
  if (!sum.owned || sum.holds > 1 || buffer?.refs !== 1 || buffer.readers > 0 || buffer.length !== sum.size) return false;
  multiply(pending, sum.view(), 1);
  return true;
}

/** Runs a pending product: output = a b + beta output. */
function multiply({ inputs, snapshots }: Pending, output: View, beta: number): void {
  const [a, b] = inputs.map((x, i) => viewAt(x as DeviceArray, snapshots[i]!.storage));
  (inputs[0] as DeviceArray).device.backend.matmul(a!, b!, output, 1, beta);
}

/** Makes a pending array a reader of an operand: of its contents as they are now, or of what it will be. */
function waitFor(x: DeviceArray, user: DeviceArray): Contents | undefined {
  if (x.released) throw new Error(releasedMessage);
  if (x.buffer !== undefined) return x.buffer.addReader();
  if (x.pending !== undefined) {
    if (x.pending.users === undefined) x.pending.users = [user];
    else x.pending.users.push(user);
  }
  return undefined;
}

interface ProgramSize {
  readonly instructions: number;
  readonly arrays: number;
  readonly scalars: number;
}

function measure(inputs: readonly Operand[], shape: Shape): ProgramSize {
  let instructions = 1;
  let arrays = 0;
  let scalars = 0;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!;
    if (typeof x === 'number') scalars++;
    else if (x.pending === undefined || x.pending.op <= reductionOp || !sameShape(x.shape, shape)) arrays++;
    else {
      instructions += x.pending.instructions;
      // Computed apart, even a value made of numbers only is an array.
      arrays += Math.max(x.pending.arrays, 1);
      scalars += x.pending.scalars;
    }
  }
  return { instructions, arrays, scalars };
}

/** Computes an array if it is pending. */
export function materialize(x: DeviceArray): void {
  if (x.pending !== undefined) compute([x]);
  else if (x.released) throw new Error(releasedMessage);
}

/** The elements of an array for a kernel, computed if need be. */
export function viewOf(x: DeviceArray): View {
  if (x.pending !== undefined) compute([x]);
  return x.view();
}

/**
 * Computes pending arrays of one shape and dtype in one program. Values inside it that a derivative rule captured, and those
 * computed for a second time, are stored as well.
 */
function compute(targets: readonly DeviceArray[]): void {
  const rest = withoutApart(targets);
  if (rest.length > 0) computeProgram(rest);
}

/** Runs the reductions and products among pending arrays; returns the others that are still pending. */
function withoutApart(targets: readonly DeviceArray[]): readonly DeviceArray[] {
  if (!targets.some(isApart)) return targets;
  for (const x of targets) if (x.pending !== undefined && isApart(x)) computeApart(x, x.pending);
  return targets.filter(x => x.pending !== undefined);
}

/** Whether a pending array is no part of a program. */
const isApart = (x: DeviceArray): boolean => x.pending !== undefined && x.pending.op <= reductionOp;

function computeApart(x: DeviceArray, pending: Pending): void {
  const { device, dtype } = x;
  const { inputs, snapshots, reduction } = pending;
  const shape = reduction?.kept ?? x.shape;
  const length = sizeOf(shape);
  const storage = device.memory.take(dtype, length);
  const output: View = { storage, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
  try {
    if (reduction === undefined) multiply(pending, output, 0);
    else {
      fuseInto(inputs[0] as DeviceArray, snapshots, ({ program, inputs: views, scalars, shape: whole }) => {
        device.backend.reduce(reduction.op, program, views, scalars, whole, output);
      });
    }
  } catch (error) {
    device.memory.give(dtype, length, storage);
    throw error;
  }
  x.settleInto(device.memory.buffer(dtype, length, storage));
}

function computeProgram(targets: readonly DeviceArray[]): void {
  const first = targets[0]!;
  const { device, dtype, shape } = first;
  const builder = Builder.open(device, dtype, shape);
  try {
    for (const x of targets) builder.prepare(x);
    for (const x of targets) builder.root(x);
    const outputs = builder.chooseOutputs(targets);
    const program = builder.program(outputs.map(x => x.register));
    const length = sizeOf(shape);
    const taken: Storage[] = [];
    try {
      for (let i = 0; i < outputs.length; i++) taken.push(device.memory.take(dtype, length));
      const places: View[] = [];
      for (let i = 0; i < outputs.length; i++) places.push(outputs[i]!.viewOf(taken[i]!));
      if (length > 0) device.backend.map(program, builder.inputs, builder.scalars, places);
    } catch (error) {
      for (const storage of taken) device.memory.give(dtype, length, storage);
      throw error;
    }
    builder.countComputed();
    for (let i = 0; i < outputs.length; i++) outputs[i]!.settleInto(device.memory.buffer(dtype, length, taken[i]!));
  } finally {
    builder.close();
  }
}

/**
 * Computes arrays of one shape and dtype straight into the given places, in one program where that is possible. The arrays
 * themselves stay as they are. Places must not overlap what the arrays are computed from.
 */
export function computeInto(sources: readonly DeviceArray[], places: readonly View[]): void {
  const { device, dtype, shape } = sources[0]!;
  if (sizeOf(shape) === 0) return;
  const { backend } = device;
  withoutApart(sources);
  const builder = Builder.open(device, dtype, shape);
  try {
    for (const x of sources) builder.prepare(x);
    // A program stores a register once, and only registers that it computes.
    let joint = new Set(sources).size === sources.length && sources.every(x => x.pending !== undefined);
    if (joint) {
      const registers = sources.map(x => builder.root(x));
      joint = sources.length === 1 || builder.within(backend.limits, sources.length);
      if (joint) {
        backend.map(builder.program(registers), builder.inputs, builder.scalars, places);
        builder.countComputed();
      }
    }
    if (joint) return;
    if (sources.length > 1) {
      const half = sources.length >> 1;
      computeInto(sources.slice(0, half), places.slice(0, half));
      computeInto(sources.slice(half), places.slice(half));
    } else backend.map(copyProgram(dtype), [viewOf(sources[0]!)], [], places);
  } finally {
    builder.close();
  }
}

/** Computes pending arrays of one shape and dtype in as few programs as the limits of the device allow. */
export function computeGroup(targets: readonly DeviceArray[]): void {
  const open = withoutApart(targets.filter(x => x.pending !== undefined));
  if (open.length === 0) return;
  if (open.length > 1 && !fitTogether(open)) {
    const half = open.length >> 1;
    computeGroup(open.slice(0, half));
    computeGroup(open.slice(half));
  } else compute(open);
}

function fitTogether(targets: readonly DeviceArray[]): boolean {
  const { device, dtype, shape } = targets[0]!;
  const builder = Builder.open(device, dtype, shape);
  try {
    for (const x of targets) builder.prepare(x);
    for (const x of targets) builder.root(x);
    return builder.within(device.backend.limits, targets.length);
  } finally {
    builder.close();
  }
}

/** A program for a reduction, with its inputs: the pending operations of `x` if they need not be stored, else `x` as it is. */
interface Fused {
  readonly program: Program;
  readonly inputs: readonly View[];
  readonly scalars: readonly number[];
  readonly shape: Shape;
}

/** Calls `run` with the program that computes `x`, or reads its snapshot, so that a reduction consumes elements without storing them. */
function fuseInto(x: DeviceArray, snapshots: readonly (Contents | undefined)[], run: (fused: Fused) => void): void {
  const { device, dtype, shape } = x;
  const builder = Builder.open(device, dtype, shape);
  try {
    const { pending } = x;
    if (pending !== undefined && (x.holds > 0 || pending.computed > 0 || isApart(x))) compute([x]);
    else if (pending !== undefined) builder.prepare(x, true);
    // Computing x, if that was done, has put down in the snapshots where it is.
    const register = x.pending === undefined ? builder.input(x, snapshots[0]?.storage) : builder.root(x);
    run({ program: builder.program([register]), inputs: builder.inputs, scalars: builder.scalars, shape });
    builder.countComputed();
  } finally {
    builder.close();
  }
}

let stamps = 0;
const noView: View = { storage: {}, dtype: 'float32', shape: [], strides: [], offset: 0 };

/**
 * Collects the instructions, inputs and scalars of one program. Builders are reused, one per depth of nesting, and with them their
 * lists: a list that grows anew for each program costs more than what is put into it.
 */
class Builder {
  static readonly #pool: Builder[] = [];

  readonly #views: View[] = [];
  readonly #sources: (DeviceArray | undefined)[] = [];
  #inputCount = 0;
  readonly #numbers: number[] = [];
  #scalarCount = 0;
  readonly #codes: number[] = [];
  readonly #nodes: (DeviceArray | undefined)[] = [];
  #count = 0;
  #stamp = 0;
  #dtype: DType = 'float32';
  #shape: Shape = [];
  #maxArrays = 0;

  static open(device: Device, dtype: DType, shape: Shape): Builder {
    const builder = Builder.#pool.pop() ?? new Builder();
    builder.#stamp = ++stamps;
    builder.#dtype = dtype;
    builder.#shape = shape;
    builder.#maxArrays = device.backend.limits.maxProgramArrays;
    return builder;
  }

  close(): void {
    // Nothing is kept alive from here.
    for (let i = 0; i < this.#inputCount; i++) {
      this.#views[i] = noView;
      this.#sources[i] = undefined;
    }
    for (let i = 0; i < this.#count; i++) this.#nodes[i] = undefined;
    this.#inputCount = this.#scalarCount = this.#count = 0;
    Builder.#pool.push(this);
  }

  /** What the program reads. */
  get inputs(): View[] {
    return this.#views.slice(0, this.#inputCount);
  }

  get scalars(): number[] {
    return this.#numbers.slice(0, this.#scalarCount);
  }

  /** Computes first what cannot be part of this program: operands of another shape or dtype and, if asked, stored values inside. */
  prepare(x: DeviceArray, storeHeld = false): void {
    const { pending } = x;
    if (pending === undefined || x.stamp === -this.#stamp) return;
    x.stamp = -this.#stamp;
    for (const input of pending.inputs) {
      if (typeof input === 'number' || input.pending === undefined) continue;
      const foreign = isApart(input) || input.dtype !== this.#dtype || !sameShape(input.shape, this.#shape);
      if (foreign || (storeHeld && (input.holds > 0 || input.pending.computed > 0))) compute([input]);
      else this.prepare(input, storeHeld);
    }
  }

  /** The register of an array whose elements the program has to compute. */
  root(x: DeviceArray): number {
    const { pending } = x;
    if (pending === undefined) throw new Error(releasedMessage);
    return pending.value === undefined ? this.#visit(x, pending) : this.#emit(x, encode(0, this.#scalar(pending.value), 0, 0));
  }

  /** The register of an input. */
  input(x: DeviceArray, snapshot: Storage | undefined): number {
    const storage = snapshot ?? x.requireBuffer().storage;
    const count = this.#inputCount;
    for (let i = 0; i < count; i++) if (this.#sources[i] === x && this.#views[i]!.storage === storage) return i;
    this.#sources[count] = x;
    if (sameShape(x.shape, this.#shape))
      this.#views[count] = snapshot === undefined || storage === x.buffer?.storage ? viewAt(x, storage) : x.viewOf(storage);
    else {
      const strides = broadcastStrides(x.shape, x.strides, this.#shape);
      this.#views[count] = { storage, dtype: x.dtype, shape: this.#shape, strides, offset: x.offset };
    }
    return this.#inputCount++;
  }

  /** Targets, then as many of the values worth keeping as the device can store at once. */
  chooseOutputs(targets: readonly DeviceArray[]): DeviceArray[] {
    const outputs = targets.slice();
    for (let i = 0; i < this.#count && this.#inputCount + outputs.length < this.#maxArrays; i++) {
      const node = this.#nodes[i]!;
      if (!node.released && (node.holds > 0 || (node.pending?.computed ?? 0) > 0) && !outputs.includes(node)) outputs.push(node);
    }
    return outputs;
  }

  /** Whether the program stays within limits when it has this many outputs. */
  within(limits: Limits, outputs: number): boolean {
    return (
      this.#inputCount + outputs <= limits.maxProgramArrays &&
      this.#inputCount <= maxProgramInputs &&
      this.#scalarCount <= maxProgramScalars &&
      this.#count <= Math.min(limits.maxInstructions, maxInstructions)
    );
  }

  program(outputs: readonly number[]): Program {
    return internProgram(this.#dtype, this.#inputCount, this.#scalarCount, this.#codes, this.#count, outputs);
  }

  countComputed(): void {
    for (let i = 0; i < this.#count; i++) {
      const pending = this.#nodes[i]!.pending;
      if (pending !== undefined) pending.computed++;
    }
  }

  #visit(x: DeviceArray, { op, inputs, snapshots }: Pending): number {
    if (x.stamp === this.#stamp) return x.register;
    const a = this.#operand(inputs[0]!, snapshots[0]);
    const b = inputs.length > 1 ? this.#operand(inputs[1]!, snapshots[1]) : 0;
    const c = inputs.length > 2 ? this.#operand(inputs[2]!, snapshots[2]) : 0;
    return this.#emit(x, encode(op, a, b, c));
  }

  #operand(x: Operand, snapshot: Contents | undefined): number {
    if (typeof x === 'number') return this.#scalar(x);
    return x.pending === undefined ? this.input(x, snapshot?.storage) : this.#visit(x, x.pending);
  }

  #scalar(value: number): number {
    this.#numbers[this.#scalarCount] = value;
    return scalarBase + this.#scalarCount++;
  }

  #emit(x: DeviceArray, code: number): number {
    this.#codes[this.#count] = code;
    this.#nodes[this.#count] = x;
    x.stamp = this.#stamp;
    x.register = instructionBase + this.#count++;
    return x.register;
  }
}

function viewAt(x: DeviceArray, storage: Storage): View {
  return x.released ? x.viewOf(storage) : x.view();
}

/** Copies elements into a new contiguous array; `dtype` converts. */
export function copyArray(x: DeviceArray, dtype: DType = x.dtype): DeviceArray {
  const constant = x.constantValue;
  if (constant !== undefined) return DeviceArray.constant(x.device, dtype, x.shape, asDType(constant, dtype));
  const source = viewOf(x);
  const result = DeviceArray.empty(x.device, dtype, x.shape);
  if (x.size > 0)
    x.device.backend.map(internProgram(dtype, 1, 0, [encode(0, 0, 0, 0)], 1, [instructionBase]), [source], [], [result.view()]);
  return result;
}

/** The array itself when its elements lie in one run, else a copy whose elements do. */
export function contiguous(x: DeviceArray): DeviceArray {
  materialize(x);
  return x.contiguous ? x : copyArray(x);
}

/** A number as an element type would store it. */
export function asDType(value: number, dtype: DType): number {
  if (dtype === 'float64') return value;
  if (dtype === 'float32') return Math.fround(value);
  if (isHalf(dtype)) return roundToHalf(value, dtype);
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  const element = typedArray(dtype, 1);
  element[0] = value;
  return element[0]!;
}
