/** Normalised exponentials, their logarithms and gradients: in one dispatch, or in two for few long lines. */
import type { DType, SoftmaxGeometry, SoftmaxKind, View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf, storagesOf } from '../views.js';
import { inputType } from '../wgsl/elements.js';
import { type SoftmaxPhase, softmaxCode, softmaxWords } from '../wgsl/softmax.js';
import type { Sharing } from '../wgsl/workgroup.js';

/** The softmax kernels of a device. */
export class SoftmaxKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly context: Context) {}

  softmax(kind: SoftmaxKind, geometry: SoftmaxGeometry, x: View, output: View): void {
    this.#run(kind, geometry, [x], output);
  }

  gradient(kind: SoftmaxKind, geometry: SoftmaxGeometry, y: View, dy: View, output: View): void {
    this.#run(kind, geometry, [y, dy], output);
  }

  #run(kind: SoftmaxKind, geometry: SoftmaxGeometry, inputs: readonly View[], output: View): void {
    const lines = geometry.inner * geometry.outer;
    if (lines === 0 || geometry.length === 0) return;
    const gradient = inputs.length === 2;
    const { sharing, segments } = divideLines(this.context, geometry);
    const sources = storagesOf(inputs);
    const target = storageOf(output.storage);
    const dispatch = (phase: SoftmaxPhase, operands: readonly GpuStorage[]): void => {
      const { queue } = this.context;
      const { inner, length } = geometry;
      const params = queue
        .begin()
        .u32(lines)
        .u32(inner)
        .u32(length)
        .u32(segments)
        .u32(Math.ceil(length / segments));
      for (const { offset } of inputs) params.u32(offset);
      params.u32(output.offset);
      queue.dispatch(
        this.#shader(kind, gradient, phase, output.dtype, sharing),
        operands,
        Math.ceil((lines * segments * sharing.lanes) / sharing.threads),
      );
    };
    if (segments === 1) {
      dispatch('whole', [...sources, target]);
      return;
    }
    const { allocator } = this.context;
    const sums = allocator.allocate('float32', lines * segments * softmaxWords(gradient));
    dispatch('sums', [...sources, sums]);
    dispatch('results', [...sources, sums, target]);
    allocator.release(sums);
  }

  #shader(kind: SoftmaxKind, gradient: boolean, phase: SoftmaxPhase, dtype: DType, sharing: Sharing): Shader {
    const key = `${kind} ${gradient} ${phase} ${dtype} ${sharing.lanes}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      const type = inputType(dtype);
      const inputs = gradient ? [type, type] : [type];
      if (phase === 'results') inputs.push('f32');
      shader = new Shader(
        `${kind}${gradient ? ' gradient' : ''}${phase === 'whole' ? '' : ` (${phase})`}`,
        inputs,
        [phase === 'sums' ? 'f32' : type],
        operands => softmaxCode(kind, gradient, phase, dtype, sharing, operands),
        sharing.subgroups && phase !== 'results' ? ['subgroups'] : [],
      );
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}

/** Lanes that share a line, and parts of a line that are summed apart. */
function divideLines({ software, subgroups }: Context, { inner, length, outer }: SoftmaxGeometry): { sharing: Sharing; segments: number } {
  const lines = inner * outer;
  if (software) {
    const segments = length <= 1024 ? 1 : Math.min(Math.floor(length / 128), Math.ceil(64 / lines));
    return { sharing: { threads: 16, lanes: 1, adjacent: 'lanes', subgroups: false }, segments };
  }
  const segments = length <= 16384 ? 1 : Math.min(64, Math.ceil(length / 4096), Math.ceil(256 / lines));
  // One thread for each line, where lines are short, or so many that neighbours lie side by side.
  if (length <= 32 || (inner >= 32 && lines >= 4096))
    return { sharing: { threads: 64, lanes: 1, adjacent: 'lanes', subgroups: false }, segments };
  const lanes = length <= 512 ? 32 : 256;
  return { sharing: { threads: 256, lanes, adjacent: 'lanes', subgroups: subgroups && lanes === 256 }, segments };
}
