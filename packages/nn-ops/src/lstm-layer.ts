/** A whole LSTM layer in one direction: what it reads and keeps, and where its values lie at each step. Features are the fastest dimension. */
import { contiguousStrides, DeviceArray, type KnetArray, type Shape, sizeOf, type View, viewOf } from '@knet/knetarray';

/** What a layer reads: weight `[inputs + size, 4 * size]`, bias `[1, 4 * size]`, x `[inputs, batch, time]`, states `[size, batch]`. */
export interface LayerInputs {
  readonly weight: DeviceArray;
  readonly bias: DeviceArray;
  readonly x: DeviceArray;
  readonly hidden: DeviceArray;
  readonly cell: DeviceArray;
}

/**
 * What the way back needs: gates `[4 * size, batch, time]` before their nonlinearities, and the cells between the steps, after
 * an odd and after an even number of steps apart, so that no kernel reads and writes one storage.
 */
export interface LayerMemory {
  readonly gates: DeviceArray;
  readonly even: DeviceArray;
  readonly odd: DeviceArray;
}

/** The gradients that one way back through time gives; those of weights, bias and inputs are products with `gates`. */
export interface LayerGradients {
  /** Of the gates before their nonlinearities, `[4 * size, batch, time]`. */
  readonly gates: DeviceArray;
  /** Of the first cell. */
  readonly cell: DeviceArray;
}

/** Memory for {@link layerForward}. */
export function layerMemory({ device, dtype, shape }: KnetArray, size: number): LayerMemory {
  const [, batch, time] = shape as readonly [number, number, number];
  return {
    gates: DeviceArray.empty(device, dtype, [4 * size, batch, time]),
    even: DeviceArray.empty(device, dtype, [size, batch, (time - 1) >> 1]),
    odd: DeviceArray.empty(device, dtype, [size, batch, time >> 1]),
  };
}

/** Lengths of a layer, and where its values lie at each step. */
export class Steps {
  readonly inputs: number;
  readonly batch: number;
  readonly time: number;
  readonly size: number;

  constructor(
    { x, hidden }: Pick<LayerInputs, 'x' | 'hidden'>,
    private readonly reverse: boolean,
  ) {
    [this.inputs, this.batch, this.time] = x.shape as readonly [number, number, number];
    this.size = hidden.shape[0]!;
  }

  /** Position in time of the k-th step. */
  at(k: number): number {
    return this.reverse ? this.time - 1 - k : k;
  }

  /** So many steps of an array from the k-th one on, each of `rows` features, as a matrix. */
  stretch(view: View, rows: number, k: number, count: number): View {
    const first = Math.min(this.at(k), this.at(k + count - 1));
    return { ...matrix(view, rows, this.batch * count), offset: view.offset + rows * this.batch * first };
  }

  /** The part of a weight, of x or of the hidden state, as a matrix of features and gates. */
  part(weight: View, ofHidden: boolean): View {
    const rows = ofHidden ? this.size : this.inputs;
    const offset = weight.offset + (ofHidden ? this.inputs * weight.strides[0]! : 0);
    return { ...weight, shape: [rows, 4 * this.size], offset };
  }
}

/** A slab of an array whose slowest dimension is the time. */
export class Slab {
  constructor(
    readonly array: DeviceArray,
    /** Which one. */
    readonly t: number,
    readonly layout: Layout,
  ) {}

  /** As kernels see it: most slabs are seen by nobody else, and an array of their own would take longer than a small kernel. */
  get view(): View {
    const { storage, dtype, offset } = viewOf(this.array);
    const { shape, strides, size } = this.layout;
    return { storage, dtype, shape, strides, offset: offset + this.t * size };
  }

  /** As an array. */
  get alias(): DeviceArray {
    const { array, t, layout } = this;
    return array.alias(layout.shape, array.offset + t * layout.size);
  }
}

/** What slabs of one kind look like: elements in one run. */
export class Layout {
  readonly strides: readonly number[];
  readonly size: number;

  constructor(readonly shape: Shape) {
    this.strides = contiguousStrides(shape);
    this.size = sizeOf(shape);
  }
}

/** The cells between the steps of a layer. */
export class Cells {
  constructor(
    private readonly first: DeviceArray,
    private readonly memory: LayerMemory,
    private readonly y: DeviceArray,
    private readonly time: number,
    private readonly layout: Layout,
  ) {}

  /** The cell after k steps: the last one lies in the result y, behind the hidden states. */
  after(k: number): Slab {
    if (k === 0) return new Slab(this.first, 0, this.layout);
    if (k === this.time) return new Slab(this.y, k, this.layout);
    return new Slab(k % 2 === 0 ? this.memory.even : this.memory.odd, (k - 1) >> 1, this.layout);
  }
}

/** Elements in one run, as a matrix. */
export function matrix(view: View, rows: number, columns: number): View {
  return { ...view, shape: [rows, columns], strides: [1, rows] };
}

/** The transposed matrix. */
export function turned(view: View): View {
  return { ...view, shape: [view.shape[1]!, view.shape[0]!], strides: [view.strides[1]!, view.strides[0]!] };
}
