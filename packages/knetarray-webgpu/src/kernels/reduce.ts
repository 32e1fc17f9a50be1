/** Reductions of the elements that a program computes: in one dispatch, or in two, the second of which merges segments of outputs. */
import { type Program, type ReduceOp, type Shape, sizeOf, type View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { NumbersMap } from '../numbers-map.js';
import type { Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { offsetsOf, storageOf, storagesOf } from '../views.js';
import { dtypeNumber } from '../wgsl/elements.js';
import { type Indexing, writeIndexing } from '../wgsl/indexing.js';
import { writeScalars } from '../wgsl/program.js';
import { type Division, writeDivision } from '../wgsl/reduction.js';
import { divide, layout } from './reduce-plan.js';
import { programReduction, type ReductionKind, stateReduction } from './reduce-shaders.js';

const operations: readonly ReduceOp[] = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'];

/** What is known of reductions with the same program, shapes and strides. */
interface Call {
  readonly kind: ReductionKind;
  readonly shader: Shader;
  readonly division: Division;
  /** The parameters behind the division: lengths and strides of the reduced dimensions. */
  readonly words: readonly number[];
  /** How the outputs walk the inputs. */
  readonly kept: Indexing;
}

/** The reduce kernel of a device, with its shaders by reduction, program, walks and division of work. */
export class ReduceKernel {
  readonly #shaders = new Map<string, Shader>();
  /** By operation, shapes, dtypes and strides. */
  readonly #calls = new WeakMap<Program, NumbersMap<Call>>();

  constructor(private readonly context: Context) {}

  run(op: ReduceOp, program: Program, inputs: readonly View[], scalars: readonly number[], shape: Shape, output: View): void {
    const outputs = sizeOf(output.shape);
    if (outputs === 0) return;
    const { kind, shader, division, words, kept } = this.#callOf(op, program, inputs, shape, output);
    const { queue, allocator } = this.context;
    const { segments } = division;
    const places = op === 'argmax' || op === 'argmin' ? 2 : 1;
    const scratch = segments > 1 ? allocator.allocate('int32', outputs * segments * places) : undefined;
    const params = writeDivision(queue.begin(), division, output.offset).i32s(words);
    writeIndexing(params, kept, offsetsOf(inputs));
    writeScalars(params, program.dtype, scalars);
    queue.dispatch(shader, [...storagesOf(inputs), scratch ?? storageOf(output.storage)], division.groups);
    if (scratch === undefined) return;
    this.#merge(kind, scratch, outputs, segments, output);
    allocator.release(scratch);
  }

  #callOf(op: ReduceOp, program: Program, inputs: readonly View[], shape: Shape, output: View): Call {
    let calls = this.#calls.get(program);
    if (calls === undefined) {
      calls = new NumbersMap();
      this.#calls.set(program, calls);
    }
    calls.begin().put(operations.indexOf(op)).put(dtypeNumber(output.dtype)).putAll(shape).putAll(output.shape);
    for (let k = 0; k < inputs.length; k++) calls.put(dtypeNumber(inputs[k]!.dtype)).putAll(inputs[k]!.strides);
    return calls.find() ?? calls.keep(this.#plan(op, program, inputs, shape, output));
  }

  #plan(op: ReduceOp, program: Program, inputs: readonly View[], shape: Shape, output: View): Call {
    const { kept, lengths, strides, adjacent } = layout(inputs, shape, output.shape);
    const { division, sharing, key } = divide(this.context, { outputs: sizeOf(output.shape), lengths, adjacent });
    const kind: ReductionKind = { op, dtype: program.dtype, sharing, output: division.segments > 1 ? undefined : output.dtype };
    const dtypes = inputs.map(view => view.dtype);
    const rank = lengths.length;
    const shader = this.#shader(`${op} ${program.id} ${kept.key} ${rank} ${key} ${kind.output ?? ''} ${dtypes}`, () =>
      programReduction(kind, program, dtypes, kept, rank),
    );
    return { kind, shader, division, words: [...lengths.slice(1), ...strides.flat()], kept };
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
