/** What the mock device demands of every kernel call. */
import {
  type DType,
  formatShape,
  isContiguous,
  type Limits,
  type LstmLayerGeometry,
  type LstmLayerViews,
  type Program,
  type ReduceOp,
  type Shape,
  type Storage,
  sameShape,
  sizeOf,
  type View,
} from '@knet/knetarray';

/** Memory of the mock device. */
export class MockStorage {
  released = false;

  constructor(
    readonly inner: Storage,
    readonly dtype: DType,
    readonly length: number,
    readonly bytes: number,
  ) {}
}

/** Lowest and highest element that a view touches. */
function extent(view: View): [low: number, high: number] {
  let [low, high] = [view.offset, view.offset];
  view.shape.forEach((n, d) => {
    const reach = (n - 1) * view.strides[d]!;
    if (reach < 0) low += reach;
    else high += reach;
  });
  return [low, high];
}

/** Checks bounds, types and overlap, and returns the views on the inner storages. */
export function operandsOf(kernel: string, inputs: readonly View[], outputs: readonly View[]): View[] {
  const check = (view: View): View => {
    const s = view.storage as MockStorage;
    const text = `${kernel}: a view of shape ${formatShape(view.shape)}, strides ${formatShape(view.strides)}, offset ${view.offset}`;
    if (view.shape.length !== view.strides.length) throw new RangeError(`${text} has as many strides as dimensions`);
    if (s.dtype !== view.dtype) throw new TypeError(`${text} is ${view.dtype}, its storage ${s.dtype}`);
    const [low, high] = extent(view);
    if (sizeOf(view.shape) === 0) throw new RangeError(`${text} has no elements`);
    if (low < 0 || high >= s.length) throw new RangeError(`${text} reaches elements ${low} to ${high} of ${s.length}`);
    return { ...view, storage: s.inner };
  };
  for (const [k, output] of outputs.entries()) {
    if (output.strides.some((stride, d) => stride === 0 && output.shape[d] !== 1))
      throw new RangeError(`${kernel}: output ${k} has a stride of 0`);
    const [low, high] = extent(output);
    for (const other of [...inputs, ...outputs.slice(0, k)]) {
      if (other.storage !== output.storage) continue;
      const [from, to] = extent(other);
      if (from <= high && low <= to)
        throw new Error(`${kernel}: output ${k} overlaps another operand of shape ${formatShape(other.shape)} in one storage`);
    }
  }
  return [...inputs, ...outputs].map(check);
}

/** Checks a program against its operands and the limits of the device. */
export function checkProgram(
  kernel: string,
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  outputs: readonly View[],
  shape: readonly number[],
  limits: Limits,
): void {
  const same = (view: View): boolean => view.shape.length === shape.length && view.shape.every((n, d) => n === shape[d]);
  if (program.inputs !== inputs.length || program.scalars !== scalars.length || program.outputs.length !== outputs.length)
    throw new RangeError(
      `${kernel}: operands of the program: ${inputs.length} inputs, ${scalars.length} scalars, ${outputs.length} outputs`,
    );
  if (!inputs.every(same) || (kernel === 'map' && !outputs.every(same)))
    throw new RangeError(`${kernel}: an operand differs from shape ${formatShape(shape)}`);
  if (inputs.length + outputs.length > limits.maxProgramArrays)
    throw new RangeError(
      `${kernel}: ${inputs.length} inputs and ${outputs.length} outputs exceed maxProgramArrays ${limits.maxProgramArrays}`,
    );
  if (program.instructions.length > limits.maxInstructions)
    throw new RangeError(`${kernel}: ${program.instructions.length} instructions exceed maxInstructions ${limits.maxInstructions}`);
  program.instructions.forEach(({ op, args }, i) => {
    if (args.some(r => r < 0 || r >= program.inputs + program.scalars + i)) throw new RangeError(`${kernel}: ${op} reads a later register`);
  });
}

/** Checks the shape and type of the output of a reduction. */
export function checkReduction(op: ReduceOp, program: Program, shape: readonly number[], output: View): void {
  const dims = shape.flatMap((n, d) => (output.shape[d] === n ? [] : [d]));
  if (output.shape.length !== shape.length || dims.some(d => output.shape[d] !== 1))
    throw new RangeError(`reduce: output ${formatShape(output.shape)} for shape ${formatShape(shape)}`);
  const position = op === 'argmax' || op === 'argmin';
  if (position && (dims.length > 1 || output.dtype !== 'int32'))
    throw new TypeError(`reduce: ${op} over dimensions ${dims} to ${output.dtype}`);
  if (!position && output.dtype !== program.dtype) throw new TypeError(`reduce: ${program.dtype} to ${output.dtype}`);
}

/** Checks the shapes and types of a matrix product. */
export function checkMatmul(a: View, b: View, c: View): void {
  const fits =
    a.shape.length === c.shape.length &&
    b.shape.length === c.shape.length &&
    a.shape[1] === b.shape[0] &&
    c.shape.every((n, d) => n === (d === 0 ? a.shape[0] : b.shape[d])) &&
    c.shape.every((n, d) => d < 2 || n === a.shape[d]);
  if (!fits) throw new RangeError(`matmul: ${formatShape(a.shape)} by ${formatShape(b.shape)} to ${formatShape(c.shape)}`);
  if (a.dtype !== c.dtype || b.dtype !== c.dtype) throw new TypeError(`matmul: ${a.dtype} by ${b.dtype} to ${c.dtype}`);
}

/** Checks the shapes and types of gather and scatterAdd. */
export function checkPositions(kernel: string, whole: View, indices: View, listed: View, dim: number): void {
  if (indices.dtype !== 'int32' || indices.shape.length !== 1) throw new TypeError(`${kernel}: positions must be an int32 vector`);
  const fits =
    whole.shape.length === listed.shape.length && listed.shape.every((n, d) => n === (d === dim ? indices.shape[0] : whole.shape[d]));
  if (!fits || whole.dtype !== listed.dtype)
    throw new RangeError(`${kernel}: ${formatShape(whole.shape)} and ${formatShape(listed.shape)} along dimension ${dim}`);
}

/** Checks the shapes and types of a whole LSTM layer, or of its gradients. */
export function checkLstmLayer(g: LstmLayerGeometry, layer: LstmLayerViews, y: View, memory: View | undefined): void {
  const { inputs, size, batch, time } = g;
  const expected: readonly (readonly [name: string, view: View, shape: Shape])[] = [
    ['weight', layer.weight, [inputs + size, 4 * size]],
    ['bias', layer.bias, [1, 4 * size]],
    ['x', layer.x, [inputs, batch, time]],
    ['hidden', layer.hidden, [size, batch]],
    ['cell', layer.cell, [size, batch]],
    ['y', y, [size, batch, time + 1]],
  ];
  for (const [name, view, shape] of expected) {
    if (!sameShape(view.shape, shape))
      throw new RangeError(`lstmLayer: ${name} of shape ${formatShape(view.shape)} for ${formatShape(shape)}`);
    if (view.dtype !== y.dtype) throw new TypeError(`lstmLayer: ${name} of ${view.dtype} beside y of ${y.dtype}`);
  }
  if (memory !== undefined && (memory.dtype !== 'uint8' || memory.offset !== 0))
    throw new TypeError(`lstmLayer: memory of ${memory.dtype} from element ${memory.offset} on`);
}

/** Demands elements in one run. */
export function checkContiguous(kernel: string, view: View): void {
  if (!isContiguous(view.shape, view.strides)) throw new RangeError(`${kernel}: a view with strides ${formatShape(view.strides)}`);
}
