/** Running programs block by block, so that registers stay in the L1 cache. */
import { collapse, isContiguous, type Program, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { type BlockOperation, operations } from './operations.js';
import { elements } from './storage.js';

/** Elements per block: a few registers of this length fit in the L1 cache. */
export const blockSize = 1024;

interface Step {
  readonly run: BlockOperation;
  readonly args: readonly number[];
}

/** A program ready to run: its steps, and a block for every register that is no input. */
interface Compiled {
  readonly steps: readonly Step[];
  readonly blocks: TypedArray[];
  /** Output position by register, or -1. */
  readonly outputOf: readonly number[];
}

const compiled: (Compiled | undefined)[] = [];

/**
 * A program bound to its inputs: `run(start, n)` computes elements start .. start + n - 1 (n up to {@link blockSize}) in
 * column-major order of the shape and leaves each register in a block.
 */
export class BoundProgram {
  /** Per register: where its block lies. */
  readonly data: TypedArray[] = [];
  readonly offset: number[] = [];
  readonly step: number[] = [];
  private readonly code: Compiled;
  private readonly walkers: (Walker | undefined)[] = [];
  private readonly direct: boolean[] = [];
  private readonly starts: number[] = [];

  constructor(
    private readonly program: Program,
    inputs: readonly View[],
    scalars: readonly number[],
    shape: readonly number[],
    outputs: readonly (View | undefined)[] = [],
  ) {
    this.code = compile(program);
    for (let i = 0; i < inputs.length; i++) this.bindInput(i, inputs[i]!, shape);
    for (let i = 0; i < scalars.length; i++) {
      const block = typedArray(program.dtype, 1);
      block[0] = scalars[i]!;
      this.bind(block, 0, 0);
    }
    const { steps, blocks, outputOf } = this.code;
    const first = inputs.length + scalars.length;
    for (let s = 0; s < steps.length; s++) {
      const output = outputs[outputOf[first + s] ?? -1];
      if (output !== undefined) this.bind(elements(output), output.offset, 1, true);
      else this.bind((blocks[s] ??= typedArray(program.dtype, blockSize)), 0, 1);
    }
  }

  /** Computes one block. */
  run(start: number, n: number): void {
    const { data, offset, step, walkers, direct, starts } = this;
    for (let i = 0; i < data.length; i++) {
      if (direct[i]) offset[i] = starts[i]! + start;
      walkers[i]?.fill(data[i]!, start, n);
    }
    const { steps } = this.code;
    const first = this.program.inputs + this.program.scalars;
    for (let s = 0; s < steps.length; s++) {
      const { run, args } = steps[s]!;
      const a = args[0]!;
      const b = args[1] ?? a;
      const c = args[2] ?? a;
      const out = first + s;
      run(n, data[out]!, offset[out]!, data[a]!, offset[a]!, step[a]!, data[b]!, offset[b]!, step[b]!, data[c]!, offset[c]!, step[c]!);
    }
  }

  private bindInput(i: number, view: View, shape: readonly number[]): void {
    const source = elements(view);
    if (isContiguous(shape, view.strides)) this.bind(source, view.offset, 1, true);
    else if (view.strides.every((s, d) => s === 0 || shape[d] === 1)) this.bind(source, view.offset, 0);
    else {
      // Another dtype than the program's is converted while it is copied into the block.
      this.bind(typedArray(view.dtype, blockSize), 0, 1);
      this.walkers[i] = new Walker(source, view.offset, shape, view.strides);
    }
  }

  private bind(data: TypedArray, offset: number, step: number, direct = false): void {
    this.data.push(data);
    this.offset.push(offset);
    this.step.push(step);
    this.direct.push(direct);
    this.starts.push(offset);
    this.walkers.push(undefined);
  }
}

/** Copies elements of a strided view, in column-major order, into blocks. */
export class Walker {
  private readonly shape: readonly number[];
  private readonly strides: readonly number[];

  constructor(
    private readonly source: TypedArray,
    private readonly offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    const merged = collapse(shape, [strides]);
    this.shape = merged.shape;
    this.strides = merged.strides[0]!;
  }

  /** Writes elements start .. start + n - 1 to the beginning of a block. */
  fill(block: TypedArray, start: number, n: number): void {
    const { source, shape, strides } = this;
    const length = shape[0] ?? 1;
    const stride = strides[0] ?? 0;
    let done = 0;
    while (done < n) {
      const at = start + done;
      let rest = Math.floor(at / length);
      const within = at - rest * length;
      let p = this.offset + within * stride;
      for (let d = 1; d < shape.length; d++) {
        const quotient = Math.floor(rest / shape[d]!);
        p += (rest - quotient * shape[d]!) * strides[d]!;
        rest = quotient;
      }
      const count = Math.min(length - within, n - done);
      if (stride === 0) block.fill(source[p]!, done, done + count);
      else if (stride === 1 && count > 16) block.set(source.subarray(p, p + count), done);
      else for (let i = 0; i < count; i++) block[done + i] = source[p + i * stride]!;
      done += count;
    }
  }
}

/** Writes a block of elements, from position `start` in column-major order, to a strided output. */
function scatter(block: TypedArray, from: number, start: number, n: number, output: View): void {
  const target = elements(output);
  const { shape, strides } = collapse(output.shape, [output.strides]);
  const stride = strides[0]!;
  const length = shape[0] ?? 1;
  let done = 0;
  while (done < n) {
    const at = start + done;
    let rest = Math.floor(at / length);
    const within = at - rest * length;
    let p = output.offset + within * (stride[0] ?? 0);
    for (let d = 1; d < shape.length; d++) {
      const quotient = Math.floor(rest / shape[d]!);
      p += (rest - quotient * shape[d]!) * stride[d]!;
      rest = quotient;
    }
    const count = Math.min(length - within, n - done);
    const step = stride[0] ?? 0;
    for (let i = 0; i < count; i++) target[p + i * step] = block[from + done + i]!;
    done += count;
  }
}

/** The map kernel in TypeScript, for every dtype. */
export function map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
  const { shape } = outputs[0]!;
  const size = sizeOf(shape);
  const first = program.inputs + program.scalars;
  const toBool = outputs[0]!.dtype === 'bool';
  // An output that lies in one run is written where it belongs; others, and truth values, go through a block.
  const bound = outputs.map(view => (isContiguous(view.shape, view.strides) && !toBool ? view : undefined));
  const run = new BoundProgram(program, inputs, scalars, shape, bound);
  for (let start = 0; start < size; start += blockSize) {
    const n = Math.min(blockSize, size - start);
    run.run(start, n);
    for (let k = 0; k < outputs.length; k++) {
      const register = program.outputs[k]!;
      if (bound[k] !== undefined && register >= first) continue;
      scatter(run.data[register]!, run.offset[register]!, start, n, outputs[k]!);
    }
  }
}

function compile(program: Program): Compiled {
  const known = compiled[program.id];
  if (known !== undefined) return known;
  const first = program.inputs + program.scalars;
  const isBool = program.dtype === 'bool';
  const steps = program.instructions.map(({ op, args }) => ({ run: isBool && op === 'copy' ? toTruth : operations[op], args }));
  const outputOf = new Array<number>(first + steps.length).fill(-1);
  program.outputs.forEach((register, k) => {
    outputOf[register] = k;
  });
  const result: Compiled = { steps, blocks: [], outputOf };
  compiled[program.id] = result;
  return result;
}

const toTruth: BlockOperation = (n, out, o, a, p, as) => {
  for (let i = 0; i < n; i++, p += as) out[o + i] = a[p] === 0 ? 0 : 1;
};
