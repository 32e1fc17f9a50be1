/** Matrix products. */
import type { View } from '@knet/knetarray';
import type { Context } from '../context.js';

/** The matmul kernel of a device. */
export class MatmulKernel {
  constructor(private readonly context: Context) {}

  run(_a: View, _b: View, _output: View, _alpha: number, _beta: number): void {
    throw new Error(`webgpu: matmul ${this.context.software}`);
  }
}
