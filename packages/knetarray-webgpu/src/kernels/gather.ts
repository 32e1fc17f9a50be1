/** Selections along a dimension, and their gradients. */
import { sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Shader } from '../shader.js';
import { storagesOf } from '../views.js';
import { inputType, isBytes, outputType } from '../wgsl/elements.js';
import { gatherCode, type Scatter, scatterCode, threads } from '../wgsl/gather.js';
import { type Indexing, indexing, writeIndexing } from '../wgsl/indexing.js';
import { IndexSort } from './index-sort.js';

/** Elements that a thread computes. */
const perThread = 4;
/** Comparisons of positions that take as long as sorting them, on GPUs and on processors. */
const scanLimit = 2 ** 28;
const softwareScanLimit = 2 ** 17;

/**
 * The gather and scatterAdd kernels of a device. Positions are known to the device alone: one beyond the end is treated as a
 * negative one, so that nothing outside of an array is read or written.
 */
export class GatherKernel {
  readonly #shaders = new Map<string, Shader>();
  readonly #sort: IndexSort;

  constructor(private readonly context: Context) {
    this.#sort = new IndexSort(context);
  }

  gather(source: View, indices: View, output: View, dim: number): void {
    if (sizeOf(output.shape) === 0) return;
    const { dtype, shape } = output;
    const walk = indexing(shape, [output, firstSlice(source, shape, dim), counter(output, dim)]);
    const shader = this.#shader(`gather ${dtype} ${walk.key}`, () => {
      const inputs = [inputType(dtype), inputType('int32')];
      return new Shader('gather', inputs, [outputType(dtype)], operands => gatherCode(operands, dtype, walk, perThread));
    });
    this.#run(shader, walk, output, source, indices, dim, [source, indices, output]);
  }

  scatterAdd(source: View, indices: View, output: View, dim: number): void {
    if (sizeOf(source.shape) === 0 || sizeOf(output.shape) === 0) return;
    const { dtype, shape } = source;
    const walk = indexing(shape, [firstSlice(source, shape, dim), firstSlice(output, shape, dim), counter(source, dim)]);
    const scatter = this.#scatterOf(source, dim);
    const shader = this.#shader(`${scatter} ${dtype} ${walk.key}`, () => {
      const inputs = [inputType(dtype), inputType('int32')];
      if (scatter === 'sorted') inputs.push('i32');
      const out = dtype === 'int32' ? 'atomic<i32>' : outputType(dtype);
      return new Shader('scatterAdd', inputs, [out], operands => scatterCode(operands, dtype, walk, scatter, perThread));
    });
    if (scatter !== 'sorted') {
      this.#run(shader, walk, source, output, indices, dim, [source, indices, output]);
      return;
    }
    const order = this.#sort.sort(indices, output.shape[dim]!);
    try {
      this.#run(shader, walk, source, output, indices, dim, [source, indices, { ...indices, storage: order }, output]);
    } finally {
      this.context.allocator.release(order);
    }
  }

  /** Every element compares its position with all others, unless those are so many that they had better be sorted. */
  #scatterOf({ dtype, shape }: View, dim: number): Scatter {
    if (dtype === 'int32' || isBytes(dtype)) return 'atomic';
    const comparisons = sizeOf(shape) * shape[dim]!;
    return comparisons > (this.context.software ? softwareScanLimit : scanLimit) ? 'sorted' : 'scan';
  }

  #shader(key: string, make: () => Shader): Shader {
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = make();
      this.#shaders.set(key, shader);
    }
    return shader;
  }

  /** `listed` has a slice for each position, `other` is the view that positions point into. */
  #run(shader: Shader, walk: Indexing, listed: View, other: View, indices: View, dim: number, operands: readonly View[]): void {
    const { queue } = this.context;
    const size = sizeOf(listed.shape);
    const params = queue.begin().u32(size).u32(other.shape[dim]!).u32(indices.shape[0]!);
    params.i32(listed.strides[dim]!).i32(other.strides[dim]!).u32(indices.offset).i32(indices.strides[0]!);
    // The third operand is the position, which begins at 0.
    writeIndexing(params, walk, [listed.offset, other.offset, 0]);
    queue.dispatch(shader, storagesOf(operands), Math.ceil(size / (threads * perThread)));
  }
}

/** A view of the given shape that shows slice 0 for every position along the dimension. */
function firstSlice(view: View, shape: readonly number[], dim: number): View {
  return { ...view, shape, strides: view.strides.map((s, d) => (d === dim ? 0 : s)) };
}

/** A view whose "index" is the position along the dimension. */
function counter(view: View, dim: number): View {
  return { ...view, offset: 0, strides: view.shape.map((_, d) => (d === dim ? 1 : 0)) };
}
