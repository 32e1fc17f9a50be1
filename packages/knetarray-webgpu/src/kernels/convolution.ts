/** Convolution and its gradients. */
import { type ConvolutionGeometry, type ConvolutionKind, type DType, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Plans } from '../plans.js';
import { type Code, Shader } from '../shader.js';
import { storageOf } from '../views.js';
import { directCode } from '../wgsl/convolution-direct.js';
import { gradientCode } from '../wgsl/convolution-gradient.js';
import { sumCode, sumThreads } from '../wgsl/convolution-sum.js';
import { tileCode } from '../wgsl/convolution-tiles.js';
import { inputType, outputType } from '../wgsl/elements.js';
import { type Sums, sumsOf } from './convolution-axes.js';
import { directBlocks, gradientBlocks } from './convolution-blocks.js';
import { directDispatch } from './convolution-direct.js';
import { gradientDispatch } from './convolution-gradient.js';
import { tileDispatch } from './convolution-tiles.js';

/** What is dispatched for a kind and geometry. */
interface Plan {
  readonly shader: Shader;
  /** Its parameters behind alpha and the places where the arrays begin. */
  readonly words: readonly number[];
  readonly workgroups: number;
  /** Filters that are written one after the other, for which there is a sum to make. */
  readonly splits: number;
}

/** Output channels of a group for which tiles of a product are worthwhile. */
const fewestColumns = 8;

/** The convolution kernel of a device. */
export class ConvolutionKernel {
  readonly #shaders = new Map<string, Shader>();
  /** By geometry, kind and dtype. */
  readonly #plans = new Plans<ConvolutionGeometry, Plan>();

  constructor(private readonly context: Context) {}

  run(kind: ConvolutionKind, g: ConvolutionGeometry, a: View, b: View, output: View): void {
    const { splits, ...plan } = this.#planFor(kind, g, output.dtype);
    if (splits === 1) {
      this.#dispatch(plan, g.alpha, a, b, output);
      return;
    }
    const { allocator, queue } = this.context;
    const size = sizeOf(output.shape);
    const storage = allocator.allocate('float32', size * splits);
    try {
      this.#dispatch(plan, 1, a, b, { ...output, storage, offset: 0 });
      queue.begin().f32(g.alpha).u32(size).u32(splits).u32(output.offset);
      queue.dispatch(this.#sum(output.dtype), [storage, storageOf(output.storage)], Math.ceil(size / sumThreads));
    } finally {
      allocator.release(storage);
    }
  }

  #dispatch({ shader, words, workgroups }: Omit<Plan, 'splits'>, alpha: number, a: View, b: View, output: View): void {
    const { queue } = this.context;
    queue.begin().f32(alpha).u32(a.offset).u32(b.offset).u32(output.offset).i32s(words);
    queue.dispatch(shader, [storageOf(a.storage), storageOf(b.storage), storageOf(output.storage)], workgroups);
  }

  #planFor(kind: ConvolutionKind, g: ConvolutionGeometry, dtype: DType): Plan {
    return this.#plans.get(g, `${kind} ${dtype}`, () => {
      const sums = sumsOf(kind, g);
      const gradient = kind === 'gradientW';
      if (!this.context.software && sums.outputs >= fewestColumns) return this.#tiles(sums, dtype, gradient);
      return gradient ? this.#gradient(sums, dtype) : this.#direct(sums, dtype);
    });
  }

  #tiles(sums: Sums, dtype: DType, gradient: boolean): Plan {
    const { dispatch, splits } = tileDispatch(sums, gradient);
    const { structure, key, words, workgroups } = dispatch;
    const to = splits > 1 ? 'float32' : dtype;
    const code = tileCode.bind(undefined, structure, words.names, dtype, to);
    const shader = this.#shader(gradient ? 'convolution (gradient of w)' : 'convolution', key, dtype, to, code, false);
    return { shader, words: words.values, workgroups, splits };
  }

  #direct(sums: Sums, dtype: DType): Plan {
    const [ordered, blocks] = directBlocks(sums, this.context);
    const { structure, key, words, workgroups } = directDispatch(ordered, blocks);
    const code = directCode.bind(undefined, structure, words.names, dtype);
    const shader = this.#shader('convolution', key, dtype, dtype, code, blocks.subgroups);
    return { shader, words: words.values, workgroups, splits: 1 };
  }

  #gradient(sums: Sums, dtype: DType): Plan {
    const [ordered, blocks, splits] = gradientBlocks(sums, this.context);
    const { structure, key, words, workgroups } = gradientDispatch(ordered, blocks, splits);
    const to = splits > 1 ? 'float32' : dtype;
    const code = gradientCode.bind(undefined, structure, words.names, dtype, to);
    const shader = this.#shader('convolution (gradient of w)', key, dtype, to, code, blocks.subgroups);
    return { shader, words: words.values, workgroups, splits };
  }

  #sum(dtype: DType): Shader {
    return this.#cached(
      `sum ${dtype}`,
      () => new Shader('convolution (sum)', ['f32'], [outputType(dtype)], sumCode.bind(undefined, dtype)),
    );
  }

  #shader(name: string, key: string, dtype: DType, to: DType, code: Code, subgroups: boolean): Shader {
    const type = inputType(dtype);
    return this.#cached(
      `${dtype} ${to} ${key}`,
      () => new Shader(name, [type, type], [outputType(to)], code, subgroups ? ['subgroups'] : []),
    );
  }

  #cached(key: string, make: () => Shader): Shader {
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = make();
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}
