/** Cumulative sums: in one dispatch, or in two, the first of which sums the segments of long lines. */
import type { View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf } from '../views.js';
import { type CumsumPhase, type CumsumShape, cumsumCode, cumsumThreads, tileLength } from '../wgsl/cumsum.js';
import { inputType, registerOf } from '../wgsl/elements.js';
import { indexing, writeIndexing } from '../wgsl/indexing.js';

/** The cumsum kernel of a device. */
export class CumsumKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly context: Context) {}

  run(x: View, output: View, dim: number): void {
    const { queue, allocator, software } = this.context;
    const length = x.shape[dim]!;
    const others = x.shape.flatMap((_, d) => (d === dim ? [] : [d]));
    const shape = others.map(d => x.shape[d]!);
    const lineOf = (view: View): View => ({ ...view, shape, strides: others.map(d => view.strides[d]!) });
    const lines = shape.reduce((n, m) => n * m, 1);
    if (lines * length === 0) return;
    const walk = indexing(shape, [lineOf(x), lineOf(output)]);
    const { together, segments, segmentLength } = divideLines(software, lines, length);
    const threads = software ? cumsumThreads.software : cumsumThreads.gpu;
    const dispatch = (phase: CumsumPhase, operands: readonly GpuStorage[]): void => {
      const shader = this.#shader({ phase, dtype: x.dtype, lines: walk, together }, threads);
      const params = queue.begin().u32(lines).u32(length).u32(segments).u32(segmentLength);
      writeIndexing(params.i32(x.strides[dim]!).i32(output.strides[dim]!), walk, [x.offset, output.offset]);
      queue.dispatch(shader, operands, together ? lines * segments : Math.ceil((lines * segments) / threads));
    };
    const [source, target] = [storageOf(x.storage), storageOf(output.storage)];
    if (segments === 1) {
      dispatch('whole', [source, target]);
      return;
    }
    const totals = allocator.allocate('int32', lines * segments);
    dispatch('totals', [source, totals]);
    dispatch('sums', [source, totals, target]);
    allocator.release(totals);
  }

  #shader(shape: CumsumShape, threads: number): Shader {
    const { phase, dtype, lines, together } = shape;
    const key = `${phase} ${dtype} ${lines.key} ${together}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      const [type, register] = [inputType(dtype), registerOf(dtype)];
      const inputs = phase === 'sums' ? [type, register] : [type];
      const name = `cumsum${phase === 'totals' ? ' (totals)' : ''}`;
      shader = new Shader(name, inputs, [phase === 'totals' ? register : type], operands => cumsumCode(shape, threads, operands));
      this.#shaders.set(key, shader);
    }
    return shader;
  }
}

/** Segments of a line, and whether a workgroup has one, or a thread. */
function divideLines(software: boolean, lines: number, length: number): { together: boolean; segments: number; segmentLength: number } {
  const together = !software && length > 64 && lines < 4096;
  const wanted = software ? Math.min(Math.floor(length / 256), Math.ceil(64 / lines)) : 1;
  const segmentLength = together ? tileLength : Math.ceil(length / Math.max(wanted, 1));
  return { together, segments: Math.ceil(length / segmentLength), segmentLength };
}
