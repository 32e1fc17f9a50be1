/** Programs of a few instructions on host arrays, without the array library between them and the kernel. */
import { type DType, type Instruction, type OpName, type Program, type TypedArray, typedArray, type View } from '@knet/knetarray';
import type { WebgpuBackend } from '../src/index.js';

let programs = 2 ** 20;

/** A program of `inputs` inputs that stores its last register, or those given. */
export function program(dtype: DType, inputs: number, instructions: readonly Instruction[], outputs?: readonly number[]): Program {
  const last = inputs + instructions.length - 1;
  return { id: programs++, dtype, inputs, scalars: 0, instructions, outputs: outputs ?? [last] };
}

/** The program of one operation. */
export function single(dtype: DType, op: OpName, operands: number): Program {
  return program(dtype, operands, [{ op, args: Array.from({ length: operands }, (_, i) => i) }]);
}

/** Runs a program. Inputs are of the dtypes given, outputs of the type of the program unless said otherwise. */
export async function run(
  backend: WebgpuBackend,
  code: Program,
  inputs: readonly TypedArray[],
  { from = inputs.map(() => code.dtype), to = code.dtype }: { from?: readonly DType[]; to?: DType } = {},
): Promise<TypedArray[]> {
  const n = inputs[0]!.length;
  const view = (dtype: DType): View => ({ storage: backend.allocate(dtype, n), dtype, shape: [n], strides: [1], offset: 0 });
  const sources = inputs.map((data, i) => {
    const source = view(from[i]!);
    backend.write(source.storage, 0, data);
    return source;
  });
  const targets = code.outputs.map(() => view(to));
  backend.map(code, sources, [], targets);
  const results: TypedArray[] = [];
  for (const { storage } of targets) results.push(await backend.read(storage, to, 0, n));
  for (const { storage } of [...sources, ...targets]) backend.release(storage);
  return results;
}

/** Numbers as elements of a dtype. */
export function elements(dtype: DType, numbers: ArrayLike<number>): TypedArray {
  const result = typedArray(dtype, numbers.length);
  result.set(Array.from(numbers));
  return result;
}
