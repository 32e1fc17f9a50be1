/** Fused elementwise programs. Neighbouring calls of one program that do not depend on each other become one dispatch. */
import { type Program, sizeOf, type View } from '@knet/knetarray';
import { maxParamWords, param } from '../params.js';
import type { Queue } from '../queue.js';
import { type Operand, Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storagesOf } from '../views.js';
import { convert, inputType, outputType, store, storeFunctions } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingCode, indexingWords, writeIndexing } from '../wgsl/indexing.js';
import { dtypesKey, programCode, programLibrary, writeScalars } from '../wgsl/program.js';

/** Threads of a workgroup, and elements that each computes. */
const threads = 64;
const perThread = 4;

/** Calls that become one dispatch at most. */
const longestBatch = 16;

/** One call of the kernel. */
interface Call {
  readonly size: number;
  readonly walk: Indexing;
  readonly scalars: readonly number[];
  /** Inputs, then outputs. */
  readonly storages: readonly GpuStorage[];
}

/** Calls of one structure that wait for more of them. */
interface Batch {
  readonly key: string;
  readonly program: Program;
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** Whether all operands have one dtype: parts of a slab that are bound together have to. */
  readonly alike: boolean;
  readonly calls: Call[];
  /** The buffers that the calls bind together. */
  readonly bound: GpuStorage[];
}

/** The map kernel of a device, with its shaders by program, walks and dtypes. */
export class MapKernel {
  readonly #shaders = new Map<string, Shader>();
  #batch: Batch | undefined;
  readonly #emit = (): void => this.#dispatch();

  constructor(
    private readonly queue: Queue,
    private readonly maxBindings: number,
  ) {}

  run(program: Program, inputs: readonly View[], scalars: readonly number[], outputs: readonly View[]): void {
    const { queue } = this;
    queue.check();
    const { shape } = outputs[0]!;
    const size = sizeOf(shape);
    if (size === 0) return;
    const views = [...inputs, ...outputs];
    const walk = indexing(shape, views);
    const key = `${program.id} ${walk.key} ${dtypesKey(views)}`;
    const call: Call = { size, walk, scalars: scalars.slice(), storages: storagesOf(views) };
    if (this.#batch !== undefined && !this.#joins(this.#batch, key, call)) queue.settle();
    if (this.#batch === undefined) {
      const alike = views.every(view => view.dtype === outputs[0]!.dtype);
      this.#batch = { key, program, inputs, outputs, alike, calls: [], bound: [] };
    }
    this.#batch.calls.push(call);
    for (const storage of call.storages) addTo(this.#batch.bound, storage.slab ?? storage);
    queue.wait(this.#emit);
  }

  /** Whether a call can run beside those of a batch: the same code, nothing that they write or read is touched, and it fits. */
  #joins({ key: own, program, alike, calls, bound }: Batch, key: string, call: Call): boolean {
    if (own !== key || !alike || calls.length >= longestBatch) return false;
    const { walk, scalars, storages } = call;
    if ((calls.length + 1) * (2 + indexingWords(walk) + scalars.length) > maxParamWords) return false;
    for (const other of calls) if (dependent(other.storages, storages, program.inputs)) return false;
    const more = storages.filter(storage => !bound.includes(storage.slab ?? storage));
    return bound.length + new Set(more).size <= this.maxBindings;
  }

  #dispatch(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { program, calls } = batch;
    const count = calls.length;
    const key = count === 1 ? batch.key : `${batch.key} x${count}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = makeShader(batch);
      this.#shaders.set(key, shader);
    }
    const params = this.queue.begin();
    let workgroups = 0;
    const bind = (storage: GpuStorage): GpuStorage => (count === 1 ? storage : (storage.slab ?? storage));
    const inputs = calls.flatMap(({ storages }) => storages.slice(0, program.inputs).map(bind));
    const outputs = calls.flatMap(({ storages }) => storages.slice(program.inputs).map(bind));
    for (const { size, walk, scalars, storages } of calls) {
      const groups = Math.ceil(size / (threads * perThread));
      workgroups += groups;
      if (count > 1) params.u32(groups);
      params.u32(size);
      writeIndexing(params, walk, k => (count === 1 || storages[k]!.slab === undefined ? 0 : storages[k]!.offset));
      writeScalars(params, program.dtype, scalars);
    }
    this.queue.dispatch(shader, [...inputs, ...outputs], workgroups);
    for (const { storages } of calls) this.queue.markUsed(storages);
  }
}

/** Whether one of two calls writes what the other one reads or writes. */
function dependent(a: readonly GpuStorage[], b: readonly GpuStorage[], inputs: number): boolean {
  for (let i = 0; i < a.length; i++) {
    for (let k = 0; k < b.length; k++) if (a[i] === b[k] && (i >= inputs || k >= inputs)) return true;
  }
  return false;
}

function addTo<T>(list: T[], item: T): void {
  if (!list.includes(item)) list.push(item);
}

function makeShader({ program, inputs, outputs, calls }: Batch): Shader {
  const count = calls.length;
  const inputDTypes = inputs.map(view => view.dtype);
  const outputDTypes = outputs.map(view => view.dtype);
  const repeat = <T>(xs: readonly T[]): T[] => calls.flatMap(() => xs);
  const code = (operands: readonly Operand[]): string => {
    const { length: n } = inputs;
    const { length: m } = outputs;
    let word = 0;
    const parts = calls.map(({ walk }, c) => {
      const read = operands.slice(c * n, (c + 1) * n);
      const written = operands.slice(count * n + c * m, count * n + (c + 1) * m);
      const groups = count > 1 ? param(word++) : '';
      const size = param(word++);
      const { position, indices, end } = indexingCode(walk, word);
      word = end + program.scalars;
      const stores = program.outputs.map((register, k) =>
        store(written[k]!, outputDTypes[k]!, indices[n + k]!, convert(`r${register}`, program.dtype, outputDTypes[k]!)),
      );
      return {
        groups,
        body: `
fn part${c}(first: u32) {
  for (var k = 0u; k < ${perThread}u; k++) {
    let i = first + k * ${threads}u;
    if (i >= ${size}) { return; }
    ${position}
    ${programCode(program, read, inputDTypes, indices, end)}
    ${stores.join('\n    ')}
  }
}`,
      };
    });
    const calling = parts.map(({ groups }, c) =>
      c === count - 1
        ? `part${c}(number * ${threads * perThread}u + lane);`
        : `if (number < ${groups}) { part${c}(number * ${threads * perThread}u + lane); return; }\n  number -= ${groups};`,
    );
    return `
${programLibrary(program)}
${storeFunctions(operands.slice(count * n), repeat(outputDTypes))}
${parts.map(({ body }) => body).join('\n')}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var number = group.y * groups.x + group.x;
  ${calling.join('\n  ')}
}`;
  };
  const name = `map ${describe(program)}${count > 1 ? ` (${count} arrays)` : ''}`;
  return new Shader(name, repeat(inputDTypes.map(inputType)), repeat(outputDTypes.map(outputType)), code);
}

/** The operations of a program, for profilers. */
function describe({ instructions }: Program): string {
  const names = instructions.map(({ op }) => op);
  return names.length > 6 ? `${names.slice(0, 6).join(' ')} and ${names.length - 6} more` : names.join(' ');
}
