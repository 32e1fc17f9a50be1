/** Selections along a dimension, and their gradients. */
import type { View } from '@knet/knetarray';
import type { Context } from '../context.js';

/** The gather and scatterAdd kernels of a device. */
export class GatherKernel {
  constructor(private readonly context: Context) {}

  gather(_source: View, _indices: View, _output: View, _dim: number): void {
    throw new Error(`webgpu: gather ${this.context.software}`);
  }

  scatterAdd(_source: View, _indices: View, _output: View, _dim: number): void {
    throw new Error('webgpu: scatterAdd');
  }
}
