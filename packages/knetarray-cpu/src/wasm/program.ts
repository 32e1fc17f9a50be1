import type { ElementwiseExports } from './module.js';
import { align, BASE, type Scratch } from './scratch.js';

/** Operations of assembly/program.ts in the order of their numbers, with the number of their operands. */
const OPERATIONS = [
  ...['copy', 'neg', 'abs', 'sign', 'sqrt', 'exp', 'log', 'log1p', 'expm1', 'tanh', 'sin', 'cos', 'floor', 'ceil', 'round', 'trunc'],
  ...['abs2', 'add', 'sub', 'mul', 'div', 'min', 'max', 'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'pow', 'where'],
];

// All registers of a program together stay within this many bytes of the L1 cache, if that leaves blocks of at least MIN_BLOCK elements.
const REGISTER_BYTES = 32 * 1024;
const MIN_BLOCK = 256;
const MAX_BLOCK = 2048;
// Registers do not start a multiple of a page apart, where a load would wait for a store to another register.
const SKEW = 192;
// Instructions of 8 ints: op, result, then address and step of three operands.
const INTS = 8;

/** A fused elementwise program: registers are the inputs, then the scalars, then one per instruction. */
export interface ElementwiseProgram {
  readonly id: number;
  readonly dtype: string;
  readonly inputs: number;
  readonly scalars: number;
  readonly instructions: readonly { readonly op: string; readonly args: readonly number[] }[];
  /** Registers to store. */
  readonly outputs: readonly number[];
}

/** A program laid out for the interpreter. */
export interface CompiledProgram {
  /** Elements of one block. */
  readonly blockSize: number;
  readonly scalars: number;
  readonly instructions: number;
  readonly code: Int32Array;
  /** Addresses of the scalars, of the block of every input and output, and of the first byte behind them. */
  readonly scalarsAt: number;
  readonly inputsAt: readonly number[];
  readonly outputsAt: readonly number[];
  readonly end: number;
}

/** Views of the blocks of a program. */
export interface ProgramBlocks {
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
}

/** Gives every register a slot of memory; a slot is free again once its register was used for the last time. */
class Slots {
  count = 0;
  private readonly free: number[] = [];

  take(): number {
    return this.free.pop() ?? this.count++;
  }

  release(slot: number): void {
    this.free.push(slot);
  }
}

/** Lays a program out. Undefined if it is not float32 or has an operation that the interpreter lacks. */
export function compileProgram(program: ElementwiseProgram): CompiledProgram | undefined {
  const { inputs, scalars, outputs } = program;
  if (program.dtype !== 'float32') return undefined;
  const firstResult = inputs + scalars;
  const isScalar = (register: number) => register >= inputs && register < firstResult;
  const ops = program.instructions.map(({ op }) => OPERATIONS.indexOf(op));
  if (ops.includes(-1)) return undefined;
  const steps = program.instructions.map(({ args }, i) => ({ op: ops[i]!, args, result: firstResult + i }));
  // A scalar that is an output is copied into a block first.
  let registers = firstResult + steps.length;
  const stored = outputs.map(register => {
    if (!isScalar(register)) return register;
    steps.push({ op: 0, args: [register], result: registers });
    return registers++;
  });

  const lastUse = new Int32Array(registers).fill(-1);
  steps.forEach(({ args }, i) => {
    for (const register of args) lastUse[register] = i;
  });
  for (const register of stored) lastUse[register] = steps.length;

  const slots = new Slots();
  const slotOf = new Int32Array(registers);
  for (let i = 0; i < inputs; i++) slotOf[i] = slots.take();
  steps.forEach(({ args, result }, i) => {
    for (const register of new Set(args)) {
      if (!isScalar(register) && lastUse[register] === i) slots.release(slotOf[register]!);
    }
    slotOf[result] = slots.take();
    if (lastUse[result] === -1) slots.release(slotOf[result]!);
  });

  const fitting = Math.floor(REGISTER_BYTES / 4 / slots.count / 64) * 64;
  const blockSize = Math.max(MIN_BLOCK, Math.min(MAX_BLOCK, fitting));
  const scalarsAt = align(BASE + 4 * INTS * steps.length);
  const slotsAt = align(scalarsAt + 16 * scalars);
  const slotBytes = 4 * blockSize + SKEW;
  const address = (register: number) => {
    return isScalar(register) ? scalarsAt + 16 * (register - inputs) : slotsAt + slotBytes * slotOf[register]!;
  };
  const code = new Int32Array(INTS * steps.length);
  steps.forEach(({ op, args, result }, i) => {
    code[INTS * i] = op;
    code[INTS * i + 1] = address(result);
    args.forEach((register, j) => {
      code[INTS * i + 2 + 2 * j] = address(register);
      code[INTS * i + 3 + 2 * j] = isScalar(register) ? 0 : 16;
    });
  });
  return {
    blockSize,
    scalars,
    instructions: steps.length,
    code,
    scalarsAt,
    inputsAt: Array.from({ length: inputs }, (_, i) => address(i)),
    outputsAt: stored.map(address),
    end: slotsAt + slotBytes * slots.count,
  };
}

function start(scratch: Scratch<ElementwiseExports>, program: CompiledProgram, scalars: readonly number[]): void {
  if (scalars.length !== program.scalars) {
    throw new Error(`program: got ${scalars.length} scalars, takes ${program.scalars}. Pass one number per scalar register.`);
  }
  scratch.reserve(program.end);
  scratch.i32.set(program.code, BASE >> 2);
  const at = program.scalarsAt >> 2;
  for (let i = 0; i < scalars.length; i++) scratch.f32.fill(scalars[i]!, at + 4 * i, at + 4 * i + 4);
}

/** Runs a program over its first `n` elements, filled up to whole vectors so that every element takes the same path. */
export function runProgramBlock(scratch: Scratch<ElementwiseExports>, program: CompiledProgram, n: number): void {
  scratch.exports.run(BASE, program.instructions, (4 * n + 15) & ~15);
}

/** Sets the scalars and gives the blocks. */
export function beginProgram(scratch: Scratch<ElementwiseExports>, program: CompiledProgram, scalars: readonly number[]): ProgramBlocks {
  start(scratch, program, scalars);
  const view = (address: number) => scratch.f32.subarray(address >> 2, (address >> 2) + program.blockSize);
  return { inputs: program.inputsAt.map(view), outputs: program.outputsAt.map(view) };
}

/** Runs a program over `n` elements of dense arrays. */
export function runProgram(
  scratch: Scratch<ElementwiseExports>,
  program: CompiledProgram,
  n: number,
  inputs: readonly Float32Array[],
  inputOffsets: readonly number[],
  outputs: readonly Float32Array[],
  outputOffsets: readonly number[],
  scalars: readonly number[],
): void {
  const { blockSize, inputsAt, outputsAt } = program;
  start(scratch, program, scalars);
  for (let from = 0; from < n; from += blockSize) {
    const count = Math.min(blockSize, n - from);
    for (let i = 0; i < inputsAt.length; i++) scratch.copyIn(inputsAt[i]!, inputs[i]!, inputOffsets[i]! + from, count);
    runProgramBlock(scratch, program, count);
    for (let i = 0; i < outputsAt.length; i++) scratch.copyOut(outputsAt[i]!, outputs[i]!, outputOffsets[i]! + from, count);
  }
}
