/** Reductions of the elements that a program computes. */
import type { Program, ReduceOp, Shape, View } from '@knet/knetarray';
import { type Command, codeOf } from './command.js';
import type { NativeKernels } from './native-kernels.js';
import type { Programs } from './programs.js';
import { checkRank } from './rank.js';

/** As `Reduction` in the native code. */
const codes: Readonly<Record<ReduceOp, number>> = { sum: 0, prod: 1, max: 2, min: 3, argmax: 4, argmin: 5 };

/** See `Backend.reduce`. */
export function reduce(
  native: NativeKernels,
  words: Float64Array,
  command: Command,
  programs: Programs,
  op: ReduceOp,
  program: Program,
  inputs: readonly View[],
  scalars: readonly number[],
  shape: Shape,
  output: View,
): void {
  checkRank(command.name, shape);
  const kept = output.shape;
  words[0] = programs.handle(program);
  words[1] = codes[op];
  words[2] = command.addressOf(output);
  words[3] = codeOf(output.dtype);
  words[4] = shape.length;
  let at = 5;
  for (let d = 0; d < shape.length; d++) words[at++] = shape[d]!;
  for (let d = 0; d < shape.length; d++) words[at++] = shape[d] === kept[d] ? 0 : 1;
  for (let i = 0; i < scalars.length; i++) words[at++] = scalars[i]!;
  for (let i = 0; i < inputs.length; i++) at = programs.putStrided(at, inputs[i]!);
  command.end(at);
  native.reduce();
}
