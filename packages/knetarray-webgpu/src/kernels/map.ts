/** Fused elementwise programs. */
import { type Program, sizeOf, type View } from '@knet/knetarray';
import { param } from '../params.js';
import type { Queue } from '../queue.js';
import { Shader } from '../shader.js';
import { storagesOf } from '../views.js';
import { convert, inputType, outputType, store, storeFunctions } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingCode, writeIndexing } from '../wgsl/indexing.js';
import { dtypesKey, programCode, programLibrary, writeScalars } from '../wgsl/program.js';

/** Threads of a workgroup, and elements that each computes. */
const threads = 64;
const perThread = 4;

/** The map kernel of a device, with its shaders by program, walks and dtypes. */
export class MapKernel {
  readonly #shaders = new Map<string, Shader>();

  constructor(private readonly queue: Queue) {}

  run(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    const { shape } = outputs[0]!;
    const size = sizeOf(shape);
    if (size === 0) return;
    const views = [...inputs, ...outputs];
    const walk = indexing(shape, views);
    const key = `${program.id} ${walk.key} ${dtypesKey(views)}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = makeShader(program, walk, inputs, outputs);
      this.#shaders.set(key, shader);
    }
    const params = this.queue.begin().u32(size);
    writeIndexing(params, walk);
    writeScalars(params, program.dtype, scalars);
    this.queue.dispatch(shader, storagesOf(views), Math.ceil(size / (threads * perThread)));
  }
}

function makeShader(program: Program, walk: Indexing, inputs: readonly View[], outputs: readonly View[]): Shader {
  const inputDTypes = inputs.map(view => view.dtype);
  const outputDTypes = outputs.map(view => view.dtype);
  return new Shader(`map ${describe(program)}`, inputDTypes.map(inputType), outputDTypes.map(outputType), operands => {
    const { position, indices, end } = indexingCode(walk, 1);
    const results = operands.slice(inputs.length);
    const stores = program.outputs.map((register, k) =>
      store(results[k]!, outputDTypes[k]!, indices[inputs.length + k]!, convert(`r${register}`, program.dtype, outputDTypes[k]!)),
    );
    return `
${programLibrary(program)}
${storeFunctions(results, outputDTypes)}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * ${threads * perThread}u + lane;
  for (var k = 0u; k < ${perThread}u; k++) {
    let i = first + k * ${threads}u;
    if (i >= ${param(0)}) { return; }
    ${position}
    ${programCode(program, operands, inputDTypes, indices, end)}
    ${stores.join('\n    ')}
  }
}`;
  });
}

/** The operations of a program, for profilers. */
function describe({ instructions }: Program): string {
  const names = instructions.map(({ op }) => op);
  return names.length > 6 ? `${names.slice(0, 6).join(' ')} and ${names.length - 6} more` : names.join(' ');
}
