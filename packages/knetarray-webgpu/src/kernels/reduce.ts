/** Reductions. */
import type { Program, ReduceOp, Shape, View } from '@knet/knetarray';
import type { Context } from '../context.js';

/** The reduce kernel of a device. */
export class ReduceKernel {
  constructor(private readonly context: Context) {}

  run(op: ReduceOp, _program: Program, _inputs: readonly View[], _scalars: readonly number[], _shape: Shape, _output: View): void {
    throw new Error(`webgpu: reduce ${op} ${this.context.software}`);
  }
}
