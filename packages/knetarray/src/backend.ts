/**
 * The Backend contract: what a device has to do. Storage, five required kernels over strided views, and optional kernels that
 * have defaults composed from the required ones. See docs/write-a-backend.md.
 */
import type { DType, TypedArray } from './core/dtype.js';
import type { Shape } from './core/shape.js';
import type { Program } from './program.js';

/** A piece of device memory. Its meaning is the backend's own. */
export type Storage = object;

/** Elements of a storage seen through a shape. Strides and offset count elements; a stride of 0 repeats. */
export interface View {
  /** Where the elements are. */
  readonly storage: Storage;
  /** Type of the elements. */
  readonly dtype: DType;
  /** Lengths of the dimensions, the fastest first. */
  readonly shape: Shape;
  /** Elements from one position to the next along each dimension. */
  readonly strides: readonly number[];
  /** Element of the storage at position 0. */
  readonly offset: number;
}

/** What a reduction computes. `argmax`/`argmin` write the int32 position of the first extreme along the one reduced dimension. */
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'argmax' | 'argmin';

/** Distributions of random elements, made of Philox 4x32-10 as described in random/philox.ts. */
export type Distribution = 'uniform' | 'normal';

/** Sizes that a device cannot exceed. */
export interface Limits {
  /** Inputs and outputs of one program together. */
  readonly maxProgramArrays: number;
  /** Instructions of one program. */
  readonly maxInstructions: number;
  /** Bytes of one storage. */
  readonly maxStorageBytes: number;
  /** Released bytes that are kept for reuse. */
  readonly maxPooledBytes: number;
  /** Storages below this many bytes are not kept for reuse: making them is as cheap. */
  readonly minPooledBytes: number;
}

/** Names of the optional kernels. */
export type OptionalKernel = 'random' | 'convolution' | 'maxPooling' | 'cumsum' | 'softmax' | 'lstm' | 'lstmLayer';

/** Names of all kernels, for {@link Backend.supports}. */
export type Kernel = 'map' | 'reduce' | 'matmul' | 'gather' | 'scatterAdd' | OptionalKernel;

/** Geometry of a convolution: w `[W.., I/group, O]`, x `[X.., I, N]`, y `[Y.., O, N]`. One entry per spatial dimension. */
export interface ConvolutionGeometry {
  /** Spatial lengths of x. */
  readonly x: readonly number[];
  /** Spatial lengths of the filters. */
  readonly w: readonly number[];
  /** Spatial lengths of y. */
  readonly y: readonly number[];
  /** Zeros assumed on both sides of x. */
  readonly padding: readonly number[];
  /** Positions of x between neighbours of y. */
  readonly stride: readonly number[];
  /** Positions of x between neighbours of a filter. */
  readonly dilation: readonly number[];
  /** Channels of x, I. */
  readonly inputs: number;
  /** Channels of y, O. */
  readonly outputs: number;
  /** Instances, N. */
  readonly batch: number;
  /** Number of groups that channels are divided into; a filter sees the inputs of its group. */
  readonly group: number;
  /** True for convolution (filter flipped in every spatial dimension), false for cross-correlation. */
  readonly flip: boolean;
  /** Factor of the result. */
  readonly alpha: number;
}

/** Which of the three convolution kernels: y from w and x, or the gradient with respect to x or to w. */
export type ConvolutionKind = 'forward' | 'gradientX' | 'gradientW';

/** Geometry of pooling over x `[X.., planes]` to y `[Y.., planes]`. */
export interface PoolingGeometry {
  /** Spatial lengths of x. */
  readonly x: readonly number[];
  /** Spatial lengths of y. */
  readonly y: readonly number[];
  /** Spatial lengths of a window. */
  readonly window: readonly number[];
  /** Positions that windows may begin before x. */
  readonly padding: readonly number[];
  /** Positions between neighbouring windows. */
  readonly stride: readonly number[];
  /** Channels times instances. */
  readonly planes: number;
}

/** Normalised exponentials, or their logarithms. */
export type SoftmaxKind = 'softmax' | 'logp';

/** The `inner` fastest dimensions, the dimension that is normalised, and the `outer` others, each as one length. */
export interface SoftmaxGeometry {
  readonly inner: number;
  readonly length: number;
  readonly outer: number;
}

/** The gradients that arrive at the new states of an LSTM cell. */
export interface LstmGradients {
  readonly hidden: View;
  readonly cell: View;
}

/** Lengths of a whole LSTM layer that runs forward in time. */
export interface LstmLayerGeometry {
  /** Features of each element of the sequence. */
  readonly inputs: number;
  /** Hidden units. */
  readonly size: number;
  /** Sequences side by side. */
  readonly batch: number;
  /** Steps. */
  readonly time: number;
}

/** What an LSTM layer reads, or the gradients of all that: contiguous views. */
export interface LstmLayerViews {
  /** `[inputs + size, 4 * size]`, the gates in the order forget, in, out, change. */
  readonly weight: View;
  /** `[1, 4 * size]` */
  readonly bias: View;
  /** `[inputs, batch, time]` */
  readonly x: View;
  /** The hidden state to begin with, `[size, batch]`. */
  readonly hidden: View;
  /** The cell to begin with, `[size, batch]`. */
  readonly cell: View;
}

/** What {@link Backend.weakReference} makes. */
export interface WeakReference {
  /** The target, or undefined once it was collected. */
  deref(): object | undefined;
  /** Ends the reference: nobody will ask any more. */
  release?(): void;
  /** Where references can be used again: an ended one refers to another object from now on. */
  renew?(target: object): void;
}

/**
 * A device. Every call only enqueues work, in order; nothing blocks but `readSync`. Views never overlap between inputs and
 * outputs. Kernels may assume valid arguments: the array layer has checked shapes, types, devices and indices it can know. Views and
 * lists belong to the caller, who may change them after the call.
 */
export interface Backend {
  /** Name that its device gets, such as `cpu`. */
  readonly name: string;
  /** Sizes that the array layer keeps to. */
  readonly limits: Limits;
  /** True when storages are freed by the garbage collector (typed arrays); false when they must be released. */
  readonly collected: boolean;
  /** Whether a kernel works for a dtype; asked before anything is allocated. */
  supports(kernel: Kernel, dtype: DType): boolean;

  /** Memory for at least `length` elements, contents undefined. @throws Error when there is none left, DeviceLostError when the device is gone */
  allocate(dtype: DType, length: number): Storage;
  /** Gives a storage back. Work that is enqueued may still use it. */
  release(storage: Storage): void;
  /**
   * Optional: is told, when a device is made of it, how the storages that it has released and that are kept for reuse are given back
   * to it; for kernels that find no memory for themselves.
   */
  onShortage?(giveBack: () => void): void;
  /** Copies host data in, starting at element `offset`. `data` may be changed after the call. */
  write(storage: Storage, offset: number, data: TypedArray): void;
  /** A host copy of elements, as they are after everything enqueued so far. */
  read(storage: Storage, dtype: DType, offset: number, length: number): Promise<TypedArray>;
  /** Like `read`, blocking; absent where the device cannot block. */
  readSync?(storage: Storage, dtype: DType, offset: number, length: number): TypedArray;

  /** Optional: starts what is enqueued, and resolves once the device is not far behind; loops that give way wait for it. */
  ready?(): Promise<void>;

  /** Runs a program for every element of the outputs' shape. Inputs have that shape, with stride 0 where they are broadcast. */
  map(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void;
  /** Reduces the one output of a program over dimensions of `shape`; the output has length 1 there. Sums lose no accuracy with size. */
  reduce(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void;
  /** output = alpha a b + beta output over `[m, k, ...batch]`, `[k, n, ...batch]`, `[m, n, ...batch]`; beta = 0 does not read the output. */
  matmul(a: View, b: View, output: View, alpha: number, beta: number): void;
  /** output[.., j, ..] = source[.., indices[j], ..] along `dim`; 0 where an index is negative. `indices` is 1-d int32. */
  gather(source: View, indices: View, output: View, dim: number): void;
  /** output[.., indices[j], ..] += source[.., j, ..] along `dim`, in the order of j; negative indices are left out. */
  scatterAdd(source: View, indices: View, output: View, dim: number): void;

  /**
   * Optional: a weak reference that forgets its target even in the middle of a synchronous loop (a native one; JavaScript's
   * WeakRef keeps its target until the turn ends). With it, arrays dropped in such a loop are found.
   */
  weakReference?(target: object): WeakReference;
  /** Optional: asks the host for a collection of young garbage, when many arrays may have been dropped. */
  collectGarbage?(): void;

  /** Optional: fills a contiguous output; element i depends on key and i only, as random/philox.ts describes. Default: made on the host. */
  random?(distribution: Distribution, key: readonly [number, number], output: View): void;
  /** Optional: convolution or one of its gradients, over contiguous views. `a`, `b` are (w, x), (w, dy) or (x, dy) by kind. */
  convolution?(kind: ConvolutionKind, geometry: ConvolutionGeometry, a: View, b: View, output: View): void;
  /**
   * Optional: largest real element of each window - the first of equal ones, NaN before all - and, where they are wanted, its int32
   * position in x, counted over all planes. Contiguous views.
   */
  maxPooling?(geometry: PoolingGeometry, x: View, y: View, indices: View | undefined): void;
  /** Optional, beside `maxPooling`: its gradient. Every element of dx is written: the sum of dy over the windows that chose it. */
  maxPoolingGradient?(geometry: PoolingGeometry, x: View, dy: View, dx: View): void;
  /** Optional: softmax or its logarithm without overflow, over contiguous views `[inner, length, outer]`. */
  softmax?(kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void;
  /** Goes with `softmax`: the gradient with respect to x, from the result y and its gradient dy. */
  softmaxGradient?(kind: SoftmaxKind, geometry: SoftmaxGeometry, y: View, dy: View, output: View): void;
  /**
   * Optional: the elementwise part of an LSTM cell over contiguous views. Gates `[n, 4, m]` come before their nonlinearities, in
   * the order forget, in, out, change; the states are `[n, m]`.
   */
  lstm?(gates: View, cell: View, newHidden: View, newCell: View): void;
  /** Goes with `lstm`: the gradients with respect to the gates and to the cell, from those of the new states. */
  lstmGradient?(gates: View, cell: View, newCell: View, states: LstmGradients, gatesGradient: View, cellGradient: View): void;
  /**
   * Optional: the bytes, 1 or more, that `lstmLayer` keeps of a layer for its gradient; undefined for a geometry that it does not take,
   * which is then made of other kernels.
   */
  lstmLayerMemory?(geometry: LstmLayerGeometry, dtype: DType): number | undefined;
  /**
   * Goes with `lstmLayerMemory`: a whole LSTM layer. The contiguous y `[size, batch, time + 1]` gets the hidden states of all steps, then
   * the last cell. `memory`, uint8 from the beginning of a storage, gets what the gradient needs; without it nobody asks for the gradient.
   */
  lstmLayer?(geometry: LstmLayerGeometry, inputs: LstmLayerViews, y: View, memory: View | undefined): void;
  /** Goes with `lstmLayer`: the gradients of all that it read, from y, that of y, and the memory, which stays as it is. */
  lstmLayerGradient?(geometry: LstmLayerGeometry, inputs: LstmLayerViews, y: View, dy: View, memory: View, gradients: LstmLayerViews): void;
  /** Optional: cumulative sums along a dimension. */
  cumsum?(x: View, output: View, dim: number): void;
}
