/** Programs: fused elementwise functions as data, which a backend interprets or compiles once. */
import type { DType } from './core/dtype.js';

/** Operations of one operand. */
export const unaryOps = [
  'copy',
  'neg',
  'abs',
  'abs2',
  'sign',
  'sqrt',
  'cbrt',
  'exp',
  'exp2',
  'exp10',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'sinpi',
  'cospi',
  'erf',
  'erfc',
  'erfinv',
  'erfcinv',
  'erfcx',
  'lgamma',
  'digamma',
  'floor',
  'ceil',
  'round',
  'trunc',
  'isfinite',
  'isnan',
] as const;
/** Operations of two operands. */
export const binaryOps = [
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'max',
  'min',
  'atan2',
  'hypot',
  'polygamma',
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
] as const;
/** Operations of three operands: `where(c, a, b)` is a where c is not 0, else b. */
export const ternaryOps = ['where'] as const;

/** Name of an elementwise operation. */
export type OpName = (typeof unaryOps)[number] | (typeof binaryOps)[number] | (typeof ternaryOps)[number];

/** All operations; their position is their code. Codes may change between versions, names do not. */
export const opNames: readonly OpName[] = [...unaryOps, ...binaryOps, ...ternaryOps];

const codes: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(opNames.map((name, code) => [name, code]));

/** Code of an operation, or undefined when there is none of that name. */
export function opCode(name: string): number | undefined {
  return codes.get(name);
}

/** One step of a program: it writes the next register. */
export interface Instruction {
  /** Name of the operation, one of {@link opNames}. */
  readonly op: OpName;
  /** Registers of the operands. */
  readonly args: readonly number[];
}

/**
 * A fused elementwise function. Registers `0 .. inputs-1` hold the elements of the inputs, the next `scalars` ones numbers
 * given at run time, and instruction i writes register `inputs + scalars + i`. All registers are of type `dtype`, and every
 * instruction rounds to it. Programs are made once per structure: cache what you compile by `id`.
 */
export interface Program {
  /** The same for the same structure, counted from 0: the key to cache by. */
  readonly id: number;
  /** Type of all registers. */
  readonly dtype: DType;
  /** Number of input arrays. */
  readonly inputs: number;
  /** Number of scalars given at run time. */
  readonly scalars: number;
  /** The steps, in order. */
  readonly instructions: readonly Instruction[];
  /** Registers that are stored, one per output. */
  readonly outputs: readonly number[];
}

/** Operand codes inside a builder, where the number of inputs is not known yet: 7 bits each. */
export const scalarBase = 32;
export const instructionBase = 64;
/** Limits of a program that the operand codes allow. */
export const maxProgramInputs = 31;
export const maxProgramScalars = 31;
export const maxInstructions = 63;

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  program: Program | undefined;
}

const newNode = (): TrieNode => ({ next: new Map(), program: undefined });
const roots: Map<DType, TrieNode> = /* @__PURE__ */ new Map();
const byId: Program[] = [];

/**
 * Looks a program up, or makes it the first time. Structure: `codes` has one number per instruction (operation and operand
 * codes, see {@link encode}), `outputs` the operand codes to store.
 */
export function internProgram(
  dtype: DType,
  inputs: number,
  scalars: number,
  instructions: readonly number[],
  count: number,
  outputs: readonly number[],
): Program {
  let node = roots.get(dtype);
  if (node === undefined) {
    node = newNode();
    roots.set(dtype, node);
  }
  node = step(node, inputs * 32 + scalars);
  for (let i = 0; i < count; i++) node = step(node, instructions[i]!);
  for (let i = 0; i < outputs.length; i++) node = step(node, -1 - outputs[i]!);
  if (node.program === undefined) {
    const register = (operand: number): number =>
      operand < scalarBase
        ? operand
        : operand < instructionBase
          ? inputs + operand - scalarBase
          : inputs + scalars + operand - instructionBase;
    node.program = {
      id: byId.length,
      dtype,
      inputs,
      scalars,
      instructions: instructions.slice(0, count).map(code => {
        const op = opNames[Math.floor(code / 2 ** 21)]!;
        const operands = [(code >> 14) & 127, (code >> 7) & 127, code & 127].map(register);
        return { op, args: operands.slice(0, arity(op)) };
      }),
      outputs: outputs.map(register),
    };
    byId.push(node.program);
  }
  return node.program;
}

function step(node: TrieNode, key: number): TrieNode {
  let next = node.next.get(key);
  if (next === undefined) {
    next = newNode();
    node.next.set(key, next);
  }
  return next;
}

/** One instruction as a number: operation code and up to three operand codes. */
export function encode(op: number, a: number, b: number, c: number): number {
  return op * 2 ** 21 + (a << 14) + (b << 7) + c;
}

/** Number of operands of an operation. */
function arity(op: OpName): number {
  const code = codes.get(op) ?? 0;
  if (code < unaryOps.length) return 1;
  return code < unaryOps.length + binaryOps.length ? 2 : 3;
}

/** The program that copies its one input; with views of different dtypes it converts. */
export function copyProgram(dtype: DType): Program {
  return internProgram(dtype, 1, 0, [encode(0, 0, 0, 0)], 1, [instructionBase]);
}

/** The program that repeats its one scalar. */
export function fillProgram(dtype: DType): Program {
  return internProgram(dtype, 0, 1, [encode(0, scalarBase, 0, 0)], 1, [instructionBase]);
}

/** The program that only reads its one input, for reductions of an array as it is. */
export function identityProgram(dtype: DType): Program {
  return internProgram(dtype, 1, 0, [], 0, [0]);
}
