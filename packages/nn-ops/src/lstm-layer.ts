/** A whole LSTM layer in one direction: what it reads and keeps, and where its values lie at each step. Features are the fastest dimension. */
import { DeviceArray, type KnetArray, type Shape, type View } from '@knet/knetarray';

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

  /** The cell after k steps: the last one lies in the result y, behind the hidden states. */
  cell(k: number, first: DeviceArray, { even, odd }: LayerMemory, y: DeviceArray): DeviceArray {
    const shape = [this.size, this.batch];
    if (k === 0) return first;
    if (k === this.time) return slab(y, k, shape);
    return slab(k % 2 === 0 ? even : odd, (k - 1) >> 1, shape);
  }

  /** The part of a weight, of x or of the hidden state, as a matrix of features and gates. */
  part(weight: View, ofHidden: boolean): View {
    const rows = ofHidden ? this.size : this.inputs;
    const offset = weight.offset + (ofHidden ? this.inputs * weight.strides[0]! : 0);
    return { ...weight, shape: [rows, 4 * this.size], offset };
  }
}

/** Slab t of an array whose slowest dimension is the time. */
export function slab(x: DeviceArray, t: number, shape: Shape): DeviceArray {
  const size = shape.reduce((n, m) => n * m, 1);
  return x.alias(shape, x.offset + t * size);
}

/** Elements in one run, as a matrix. */
export function matrix(view: View, rows: number, columns: number): View {
  return { ...view, shape: [rows, columns], strides: [1, rows] };
}

/** The transposed matrix. */
export function turned(view: View): View {
  return { ...view, shape: [view.shape[1]!, view.shape[0]!], strides: [view.strides[1]!, view.strides[0]!] };
}
