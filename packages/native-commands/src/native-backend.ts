/** The part of a backend that hands kernel calls to an addon. */
import type {
  ConvolutionGeometry,
  ConvolutionKind,
  Distribution,
  LstmGradients,
  PoolingGeometry,
  Program,
  ReduceOp,
  Shape,
  SoftmaxGeometry,
  SoftmaxKind,
  View,
} from '@knet/knetarray';
import type { Command } from './command.js';
import { convolution, type SpatialOrder } from './convolution.js';
import { cumsum, gather, scatterAdd } from './gather.js';
import { lstm, lstmGradient } from './lstm.js';
import { matmul } from './matmul.js';
import type { NativeKernels } from './native-kernels.js';
import { maxPooling, maxPoolingGradient } from './pooling.js';
import type { Programs } from './programs.js';
import { random } from './random.js';
import { reduce } from './reduce.js';
import { softmax, softmaxGradient } from './softmax.js';
import { NativeWeakReference } from './weak-reference.js';

/** The kernels of `Backend` by an addon that reads its arguments from a block of numbers. */
export abstract class NativeBackend<Addon extends NativeKernels> {
  /** How the addon's convolution takes spatial dimensions. */
  protected abstract readonly spatialOrder: SpatialOrder;

  protected constructor(
    protected readonly native: Addon,
    protected readonly words: Float64Array,
    protected readonly command: Command,
    protected readonly programs: Programs,
  ) {}

  weakReference(target: object): NativeWeakReference {
    return new NativeWeakReference(this.native, target);
  }

  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    this.programs.map(program, inputs, scalars, outputs);
  }

  reduce(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    reduce(this.native, this.words, this.command, this.programs, op, program, inputs, scalars, shape, output);
  }

  matmul(a: View, b: View, output: View, alpha: number, beta: number): void {
    matmul(this.native, this.command, a, b, output, alpha, beta);
  }

  softmax(kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void {
    softmax(this.native, this.command, kind, geometry, x, output);
  }

  softmaxGradient(kind: SoftmaxKind, geometry: SoftmaxGeometry, y: View, dy: View, output: View): void {
    softmaxGradient(this.native, this.command, kind, geometry, y, dy, output);
  }

  lstm(gates: View, cell: View, newHidden: View, newCell: View): void {
    lstm(this.native, this.command, gates, cell, newHidden, newCell);
  }

  lstmGradient(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void {
    lstmGradient(this.native, this.command, gates, cell, newCell, states, gatesGradient, cellGradient);
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    gather(this.native, this.command, source, indices, output, dim);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    scatterAdd(this.native, this.command, source, indices, output, dim);
  }

  cumsum(x: View, output: View, dim: number): void {
    cumsum(this.native, this.command, x, output, dim);
  }

  convolution(kind: ConvolutionKind, geometry: ConvolutionGeometry, a: View, b: View, output: View): void {
    convolution(this.native, this.command, this.spatialOrder, kind, geometry, a, b, output);
  }

  maxPooling(geometry: PoolingGeometry, x: View, y: View, indices: View | undefined): void {
    maxPooling(this.native, this.command, geometry, x, y, indices);
  }

  maxPoolingGradient(geometry: PoolingGeometry, x: View, dy: View, dx: View): void {
    maxPoolingGradient(this.native, this.command, geometry, x, dy, dx);
  }

  random(distribution: Distribution, key: readonly [number, number], output: View): void {
    random(this.native, this.command, distribution, key, output);
  }
}
