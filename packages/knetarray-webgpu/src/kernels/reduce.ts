/** Reductions of the elements that a program computes: in one dispatch, or in two, the second of which merges segments of outputs. */
import { type Program, type ReduceOp, type Shape, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import type { Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf, storagesOf } from '../views.js';
import { writeIndexing } from '../wgsl/indexing.js';
import { dtypesKey, writeScalars } from '../wgsl/program.js';
import { writeDivision } from '../wgsl/reduction.js';
import { divide, layout } from './reduce-plan.js';
import { programReduction, type ReductionKind, stateReduction } from './reduce-shaders.js';

/** The reduce kernel of a device, with its shaders by reduction, program, walks and division of work. */
export class ReduceKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly context: Context) {}

  run(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    const outputs = sizeOf(output.shape);
    if (outputs === 0) return;
    const { kept, lengths, strides, adjacent } = layout(inputs, shape, output.shape);
    const { division, sharing, key } = divide(this.context, { outputs, lengths, adjacent });
    const { queue, allocator } = this.context;
    const { dtype } = program;
    const { segments } = division;
    const kind: ReductionKind = { op, dtype, sharing, output: segments > 1 ? undefined : output.dtype };
    const shader = this.#shader(`${op} ${program.id} ${kept.key} ${lengths.length} ${key} ${kind.output ?? ''} ${dtypesKey(inputs)}`, () =>
      programReduction(
        kind,
        program,
        inputs.map(view => view.dtype),
        kept,
        lengths.length,
      ),
    );
    const words = op === 'argmax' || op === 'argmin' ? 2 : 1;
    const scratch = segments > 1 ? allocator.allocate('int32', outputs * segments * words) : undefined;
    const params = writeDivision(queue.begin(), division, output.offset).i32s(lengths.slice(1));
    for (const each of strides) params.i32s(each);
    writeIndexing(params, kept);
    writeScalars(params, dtype, scalars);
    queue.dispatch(shader, [...storagesOf(inputs), scratch ?? storageOf(output.storage)], division.groups);
    if (scratch === undefined) return;
    this.#merge(kind, scratch, outputs, segments, output);
    allocator.release(scratch);
  }

  /** Merges the segments of each output. */
  #merge({ op, dtype }: ReductionKind, states: GpuStorage, outputs: number, segments: number, output: View): void {
    const { division, sharing, key } = divide(this.context, { outputs, lengths: [segments], adjacent: 'outputs', whole: true });
    const shader = this.#shader(`${op} ${dtype} ${key} ${output.dtype}`, () =>
      stateReduction({ op, dtype, sharing, output: output.dtype }),
    );
    const { queue } = this.context;
    writeDivision(queue.begin(), division, output.offset).i32(outputs);
    queue.dispatch(shader, [states, storageOf(output.storage)], division.groups);
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
