/** Shapes and strides. Column-major: the first dimension is the fastest; strides count elements. */

/** Lengths of the dimensions. */
export type Shape = readonly number[];

/** Product of the lengths; 1 for a 0-d shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Strides of contiguous elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length);
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Whether elements with these strides lie in one run without gaps, in order. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i]!;
  }
  return true;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]` as text. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * The shape that two operands are broadcast to: aligned at the first dimension, a missing or a length-1 dimension is repeated.
 * @throws RangeError when some dimension differs and neither is 1
 */
export function broadcastShapes(a: Shape, b: Shape, caller: string): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape: number[] = new Array(rank);
  for (let i = 0; i < rank; i++) {
    const x = i < a.length ? a[i]! : 1;
    const y = i < b.length ? b[i]! : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `${caller}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: dimension ${i} has ${x} and ${y}. ` +
          'They are aligned at the first dimension; reshape one.',
      );
    }
    shape[i] = x === 1 ? y : x;
  }
  return shape;
}

/** Strides of an operand seen through a broadcast shape: 0 along repeated dimensions. */
export function broadcastStrides(shape: Shape, strides: readonly number[], to: Shape): number[] {
  return to.map((_, i) => (i < shape.length && shape[i] !== 1 ? strides[i]! : 0));
}

/**
 * One dimension number, counted from the end when negative.
 * @throws RangeError when there is no such dimension
 */
export function normalizeDim(dim: number, rank: number, caller: string): number {
  const d = dim < 0 ? dim + rank : dim;
  if (!Number.isInteger(d) || d < 0 || d >= rank)
    throw new RangeError(`${caller}: dimension ${dim} is out of range for ${rank} dimensions`);
  return d;
}

/** Dimension numbers, sorted and without repeats; all when omitted. */
export function normalizeDims(dims: number | readonly number[] | undefined, rank: number, caller: string): number[] {
  if (dims === undefined) {
    const every: number[] = [];
    for (let d = 0; d < rank; d++) every.push(d);
    return every;
  }
  if (typeof dims === 'number') return [normalizeDim(dims, rank, caller)];
  const list = dims;
  return [...new Set(list.map(d => normalizeDim(d, rank, caller)))].sort((a, b) => a - b);
}

/**
 * Checks lengths that came from outside.
 * @throws RangeError unless every length is a whole number, 0 or more
 */
export function checkShape(shape: Shape, caller: string): Shape {
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) throw new RangeError(`${caller}: shape ${formatShape(shape)} must have whole lengths of 0 or more`);
  }
  return shape;
}

/** Merges neighbouring dimensions that every operand walks in one step, and drops those of length 1, so that loops are few. */
export function collapse(shape: Shape, operands: readonly (readonly number[])[]): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d]!;
    if (n === 1) continue;
    const last = outShape.length - 1;
    let merge = last >= 0;
    for (let k = 0; merge && k < operands.length; k++) merge = operands[k]![d] === strides[k]![last]! * outShape[last]!;
    if (merge) outShape[last]! *= n;
    else {
      outShape.push(n);
      for (let k = 0; k < operands.length; k++) strides[k]!.push(operands[k]![d]!);
    }
  }
  return { shape: outShape, strides };
}
