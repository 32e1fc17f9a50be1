/** Convolution and its gradients. */
import { type ConvolutionGeometry, type ConvolutionKind, type DType, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf } from '../views.js';
import { type Dispatch, directCode, directDispatch } from '../wgsl/convolution.js';
import { gradientCode, gradientDispatch } from '../wgsl/convolution-gradient.js';
import { sumCode, sumThreads } from '../wgsl/convolution-sum.js';
import { inputType, outputType } from '../wgsl/elements.js';
import { type Sums, sumsOf } from './convolution-axes.js';
import { directBlocks, gradientBlocks } from './convolution-blocks.js';

/** The convolution kernel of a device. */
export class ConvolutionKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly context: Context) {}

  run(kind: ConvolutionKind, g: ConvolutionGeometry, a: View, b: View, output: View): void {
    const sums = sumsOf(kind, g);
    if (kind === 'gradientW') this.#gradient(sums, g.alpha, a, b, output);
    else this.#forward(sums, g.alpha, a, b, output);
  }

  #forward(all: Sums, alpha: number, a: View, b: View, output: View): void {
    const { dtype } = output;
    const [sums, blocks] = directBlocks(all, this.context);
    const dispatch = directDispatch(sums, blocks, { w: a.offset, in: b.offset, out: output.offset });
    const shader = this.#shader(`${dtype} ${dispatch.key}`, () => {
      const type = inputType(dtype);
      const extensions = blocks.subgroups ? ['subgroups'] : [];
      const code = directCode.bind(undefined, sums, blocks, dispatch, dtype);
      return new Shader('convolution', [type, type], [outputType(dtype)], code, extensions);
    });
    this.#dispatch(shader, dispatch, alpha, [storageOf(a.storage), storageOf(b.storage), storageOf(output.storage)]);
  }

  #gradient(all: Sums, alpha: number, x: View, dy: View, output: View): void {
    const { dtype } = output;
    const [sums, blocks] = gradientBlocks(all, this.context);
    const { splits } = blocks;
    const to = splits > 1 ? 'float32' : dtype;
    const dispatch = gradientDispatch(sums, blocks, { in: x.offset, out: dy.offset, w: splits > 1 ? 0 : output.offset });
    const shader = this.#shader(`${dtype} ${to} ${dispatch.key}`, () => {
      const type = inputType(dtype);
      const extensions = blocks.subgroups ? ['subgroups'] : [];
      const code = gradientCode.bind(undefined, sums, blocks, dispatch, dtype, to);
      return new Shader('convolution (gradient of w)', [type, type], [outputType(to)], code, extensions);
    });
    this.#split(splits, alpha, output, (target, factor) =>
      this.#dispatch(shader, dispatch, factor, [storageOf(x.storage), storageOf(dy.storage), target]),
    );
  }

  /** Runs what writes a filter, or one for each split whose sum is wanted. */
  #split(splits: number, alpha: number, output: View, run: (target: GpuStorage, alpha: number) => void): void {
    if (splits === 1) {
      run(storageOf(output.storage), alpha);
      return;
    }
    const { allocator, queue } = this.context;
    const size = sizeOf(output.shape);
    const parts = allocator.allocate('float32', size * splits);
    try {
      run(parts, 1);
      const shader = this.#sum(output.dtype);
      queue.begin().f32(alpha).u32(size).u32(splits).u32(output.offset);
      queue.dispatch(shader, [parts, storageOf(output.storage)], Math.ceil(size / sumThreads));
    } finally {
      allocator.release(parts);
    }
  }

  #sum(dtype: DType): Shader {
    return this.#shader(
      `sum ${dtype}`,
      () => new Shader('convolution (sum of gradients)', ['f32'], [outputType(dtype)], sumCode.bind(undefined, dtype)),
    );
  }

  #dispatch(shader: Shader, { words, workgroups }: Dispatch, alpha: number, operands: GpuStorage[]): void {
    const { queue } = this.context;
    queue.begin().f32(alpha).i32s(words.values);
    queue.dispatch(shader, operands, workgroups);
  }

  #shader(key: string, make: () => Shader): Shader {
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = make();
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}
