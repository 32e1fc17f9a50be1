/** Programs: compiled once per thread into a handle, and run by it. */
import type { OpName, Program, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';
import { checkRank } from './rank.js';

/** The operations in the order of `Op` in native/operations.h. */
const operations: readonly OpName[] = [
  ...(['copy', 'neg', 'abs', 'abs2', 'sign', 'sqrt', 'cbrt', 'exp', 'exp2', 'exp10', 'expm1', 'log', 'log2', 'log10', 'log1p'] as const),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'sinpi', 'cospi'] as const),
  ...(['erf', 'erfc', 'erfinv', 'erfcinv', 'erfcx', 'lgamma', 'digamma', 'floor', 'ceil', 'round', 'trunc'] as const),
  ...(['isfinite', 'isnan', 'add', 'sub', 'mul', 'div', 'pow', 'max', 'min', 'atan2', 'hypot', 'polygamma'] as const),
  ...(['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'where'] as const),
];

/** Runs programs. One for each thread: handles mean nothing to another. */
export class Programs {
  /** By the id of a program. */
  readonly #handles: (number | undefined)[] = [];

  constructor(
    protected readonly native: NativeKernels,
    protected readonly words: Float64Array,
    protected readonly command: Command,
  ) {}

  /** See `Backend.map`. This is called several times in every step of a training: it makes no garbage. */
  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    const { words, command } = this;
    const { shape } = outputs[0]!;
    checkRank(command.name, shape);
    words[0] = this.handle(program);
    words[1] = shape.length;
    let at = 2;
    for (let d = 0; d < shape.length; d++) words[at++] = shape[d]!;
    for (let i = 0; i < scalars.length; i++) words[at++] = scalars[i]!;
    for (let i = 0; i < inputs.length; i++) at = this.putStrided(at, inputs[i]!);
    for (let i = 0; i < outputs.length; i++) at = this.putStrided(at, outputs[i]!);
    command.end(at);
    this.native.map();
  }

  /** The handle of a program, compiled the first time. */
  handle(program: Program): number {
    return this.#handles[program.id] ?? this.#compile(program);
  }

  #compile({ id, dtype, inputs, scalars, instructions, outputs }: Program): number {
    const numbers = [codeOf(dtype), inputs, scalars, instructions.length];
    for (const { op, args } of instructions) numbers.push(operations.indexOf(op), ...args);
    numbers.push(outputs.length, ...outputs);
    this.words.set(numbers);
    this.native.compile();
    const handle = this.words[0]!;
    this.#handles[id] = handle;
    return handle;
  }

  /** Writes where and what the elements of a view are, then its strides; returns the next place. */
  putStrided(at: number, view: View): number {
    const { words } = this;
    const { strides } = view;
    let next = at;
    words[next++] = this.command.addressOf(view);
    words[next++] = codeOf(view.dtype);
    for (let d = 0; d < strides.length; d++) words[next++] = strides[d]!;
    return next;
  }
}
