/** Running programs block by block, so that registers stay in the L1 cache. */
import { collapse, isContiguous, type Program, sizeOf, type TypedArray, typedArray, type View } from '@knet/knetarray';
import { type BlockOperation, blockOperation } from './operations.js';
import { elements } from './storage.js';

/** Elements per block: a few registers of this length fit in the L1 cache. */
const blockSize = 1024;

interface Step {
  readonly run: BlockOperation;
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/**
 * A program ready to run. Registers are bound to blocks or straight to the arrays that they stand for; `run(start, n)` computes
 * elements start .. start + n - 1 (n up to {@link blockSize}) in column-major order. One call binds it at a time.
 */
class BoundProgram {
  /** Per register: where its elements lie. */
  readonly data: TypedArray[] = [];
  readonly offset: number[] = [];
  readonly step: number[] = [];
  /** Per register: what is to be added to the offset as blocks go on (0 or 1 per element), and where it began. */
  private readonly advance: number[] = [];
  private readonly starts: number[] = [];
  private readonly walkers: (Walker | undefined)[] = [];
  private walking = false;
  private readonly steps: Step[];
  private readonly blocks: TypedArray[] = [];
  private readonly numbers: TypedArray;
  private readonly outputOf: number[];

  constructor(private readonly program: Program) {
    const first = program.inputs + program.scalars;
    const isBool = program.dtype === 'bool';
    this.numbers = typedArray(program.dtype, program.scalars);
    this.steps = program.instructions.map(({ op, args }, s) => {
      const a = args[0]!;
      return {
        run: isBool && op === 'copy' ? toTruth : blockOperation(op, args.length),
        out: first + s,
        a,
        b: args[1] ?? a,
        c: args[2] ?? a,
      };
    });
    this.outputOf = new Array<number>(first + this.steps.length).fill(-1);
    program.outputs.forEach((register, k) => {
      this.outputOf[register] = k;
    });
  }

  /** Binds the registers: inputs seen through `shape`, scalars, and those outputs that can be written where they belong. */
  bind(inputs: readonly View[], scalars: readonly number[], shape: readonly number[], outputs: readonly (View | undefined)[]): void {
    const { program, numbers, steps, blocks, outputOf } = this;
    this.walking = false;
    for (let i = 0; i < inputs.length; i++) this.bindInput(i, inputs[i]!, shape);
    const { inputs: count } = program;
    for (let i = 0; i < scalars.length; i++) {
      numbers[i] = scalars[i]!;
      this.set(count + i, numbers, i, 0, 0);
    }
    const first = count + program.scalars;
    for (let s = 0; s < steps.length; s++) {
      const output = outputs[outputOf[first + s]!];
      if (output !== undefined) this.set(first + s, elements(output), output.offset, 1, 1);
      else {
        blocks[s] ??= typedArray(program.dtype, blockSize);
        this.set(first + s, blocks[s]!, 0, 1, 0);
      }
    }
  }

  /** Computes one block. */
  run(start: number, n: number): void {
    const { data, offset, step, steps } = this;
    if (start > 0) for (let i = 0; i < data.length; i++) offset[i] = this.starts[i]! + start * this.advance[i]!;
    if (this.walking) for (let i = 0; i < this.walkers.length; i++) this.walkers[i]?.fill(data[i]!, start, n);
    for (let s = 0; s < steps.length; s++) {
      const { run, out, a, b, c } = steps[s]!;
      run(n, data[out]!, offset[out]!, data[a]!, offset[a]!, step[a]!, data[b]!, offset[b]!, step[b]!, data[c]!, offset[c]!, step[c]!);
    }
  }

  private bindInput(i: number, view: View, shape: readonly number[]): void {
    const source = elements(view);
    if (isContiguous(shape, view.strides)) this.set(i, source, view.offset, 1, 1);
    else if (view.strides.every((s, d) => s === 0 || shape[d] === 1)) this.set(i, source, view.offset, 0, 0);
    else {
      // Another dtype than the program's is converted when the first instruction reads the block.
      this.set(i, typedArray(view.dtype, blockSize), 0, 1, 0);
      this.walkers[i] = new Walker(source, view.offset, shape, view.strides);
      this.walking = true;
    }
  }

  private set(register: number, data: TypedArray, offset: number, step: number, advance: number): void {
    this.data[register] = data;
    this.offset[register] = offset;
    this.starts[register] = offset;
    this.step[register] = step;
    this.advance[register] = advance;
    this.walkers[register] = undefined;
  }
}

const bound: (BoundProgram | undefined)[] = [];

/** The program bound to these operands. Valid until the same program is bound again. */
function bindProgram(
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  shape: readonly number[],
  outputs: readonly (View | undefined)[] = [],
): BoundProgram {
  let result = bound[program.id];
  if (result === undefined) {
    result = new BoundProgram(program);
    bound[program.id] = result;
  }
  result.bind(inputs, scalars, shape, outputs);
  return result;
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
    const { shape, strides } = this;
    if (shape.length === 2 && strides[0] === 1 && strides[1] === 0) this.repeatColumn(block, start, n, shape[0]!);
    else this.walk(block, start, n);
  }

  /** A column repeated: its first round is copied, then what is there is doubled. */
  private repeatColumn(block: TypedArray, start: number, n: number, length: number): void {
    const { source, offset } = this;
    const phase = start % length;
    let done = Math.min(n, length);
    for (let i = 0; i < done; i++) {
      const at = phase + i;
      block[i] = source[offset + (at < length ? at : at - length)]!;
    }
    while (done < n) {
      const count = Math.min(done, n - done);
      block.copyWithin(done, 0, count);
      done += count;
    }
  }

  private walk(block: TypedArray, start: number, n: number): void {
    const { source, shape, strides } = this;
    const length = shape[0] ?? 1;
    const stride = strides[0] ?? 0;
    const position = shape.length < 3 ? undefined : new Array<number>(shape.length);
    let rest = Math.floor(start / length);
    let within = start - rest * length;
    let row = this.offset;
    for (let d = 1; d < shape.length; d++) {
      const quotient = Math.floor(rest / shape[d]!);
      if (position !== undefined) position[d] = rest - quotient * shape[d]!;
      row += (rest - quotient * shape[d]!) * strides[d]!;
      rest = quotient;
    }
    let done = 0;
    while (done < n) {
      const p = row + within * stride;
      const count = Math.min(length - within, n - done);
      if (count > 16 && stride === 0) block.fill(source[p]!, done, done + count);
      else if (count > 16 && stride === 1) block.set(source.subarray(p, p + count), done);
      else for (let i = 0; i < count; i++) block[done + i] = source[p + i * stride]!;
      done += count;
      within = 0;
      row += strides[1] ?? 0;
      if (position === undefined) continue;
      // Carry into the outer dimensions.
      for (let d = 1; ++position[d]! === shape[d] && d + 1 < shape.length; d++) {
        position[d] = 0;
        row += strides[d + 1]! - shape[d]! * strides[d]!;
      }
    }
  }
}

/** Writes elements `from` .. `from + n - 1` of a block, from position `start` in column-major order, to a strided output. */
export function scatter(block: TypedArray, from: number, start: number, n: number, output: View): void {
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
  // An output that lies in one run is written where it belongs; others go through a block.
  const direct = outputs.map(view => (isContiguous(view.shape, view.strides) ? view : undefined));
  const run = bindProgram(program, inputs, scalars, shape, direct);
  for (let start = 0; start < size; start += blockSize) {
    const n = Math.min(blockSize, size - start);
    run.run(start, n);
    for (let k = 0; k < outputs.length; k++) {
      const register = program.outputs[k]!;
      if (direct[k] !== undefined && register >= first) continue;
      scatter(run.data[register]!, run.offset[register]!, start, n, outputs[k]!);
    }
  }
}

const toTruth: BlockOperation = (n, out, o, a, p, as) => {
  for (let i = 0; i < n; i++, p += as) out[o + i] = a[p] === 0 ? 0 : 1;
};
