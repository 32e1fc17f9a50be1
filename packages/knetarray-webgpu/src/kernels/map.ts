/** Fused elementwise programs. Neighbouring calls of one program that do not depend on each other become one dispatch. */
import { type Program, sizeOf, type View } from '@knet/knetarray';
import { maxParamWords, param } from '../params.js';
import type { Queue } from '../queue.js';
import { type Operand, Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storagesOf } from '../views.js';
import { inputType, isBytes, outputType } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingCode, indexingWords, writeIndexing } from '../wgsl/indexing.js';
import { type MapPart, mapCode } from '../wgsl/map.js';
import { dtypesKey, writeScalars } from '../wgsl/program.js';

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
      const alike = views.every(view => view.dtype === program.dtype) && !isBytes(program.dtype);
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
    if ((calls.length + 1) * (2 + storages.length + indexingWords(walk) + scalars.length) > maxParamWords) return false;
    for (const other of calls) if (dependent(other.storages, storages, program.inputs)) return false;
    const more = storages.filter(storage => !bound.includes(storage.slab ?? storage));
    return bound.length + new Set(more).size <= this.maxBindings;
  }

  #dispatch(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { program, calls } = batch;
    const { inputs, outputs, slabs, key: places } = placesOf(calls, program.inputs);
    const key = `${batch.key} ${places}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      shader = makeShader(batch, places, slabs.length);
      this.#shaders.set(key, shader);
    }
    const params = this.queue.begin();
    let workgroups = 0;
    for (const { size, walk, scalars, storages } of calls) {
      const groups = Math.ceil(size / (threads * perThread));
      workgroups += groups;
      params.u32(groups).u32(size);
      if (slabs.length > 1) for (const { slab } of storages) if (slab !== undefined) params.u32(slabs.indexOf(slab));
      writeIndexing(params, walk, k => (slabs.length === 0 || storages[k]!.slab === undefined ? 0 : storages[k]!.offset));
      writeScalars(params, program.dtype, scalars);
    }
    this.queue.dispatch(shader, [...inputs, ...outputs, ...slabs], workgroups);
    for (const { storages } of calls) this.queue.markUsed(storages);
  }
}

/** What the calls of a dispatch bind. */
interface Places {
  readonly inputs: readonly GpuStorage[];
  readonly outputs: readonly GpuStorage[];
  /** Buffers that several operands lie in; none for a single call, which binds each operand for itself. */
  readonly slabs: readonly GpuStorage[];
  /** Tells apart what needs different code: for each operand whether it is bound by itself, and how many slabs there are. */
  readonly key: string;
}

function placesOf(calls: readonly Call[], count: number): Places {
  const [inputs, outputs, slabs]: GpuStorage[][] = [[], [], []];
  let key = '';
  for (const { storages } of calls) {
    key += ' ';
    for (let k = 0; k < storages.length; k++) {
      const storage = storages[k]!;
      const slab = calls.length === 1 ? undefined : storage.slab;
      if (slab !== undefined) addTo(slabs!, slab);
      else (k < count ? inputs : outputs)!.push(storage);
      key += slab === undefined ? 'o' : 's';
    }
  }
  // Which slab an operand lies in is a parameter: there are too many ways for a shader each.
  return { inputs: inputs!, outputs: outputs!, slabs: slabs!, key: `${key} ${slabs!.length}` };
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

function makeShader({ program, inputs, outputs, calls }: Batch, places: string, slabs: number): Shader {
  const views = [...inputs, ...outputs];
  const isOwn = calls.map((_, c) => views.map((_, k) => places.split(' ')[c + 1]![k] === 'o'));
  const ownInputs = isOwn.flatMap(own => inputs.filter((_, k) => own[k]).map(view => inputType(view.dtype)));
  const ownOutputs = isOwn.flatMap(own => outputs.filter((_, k) => own[inputs.length + k]).map(view => outputType(view.dtype)));
  const slabTypes = Array.from({ length: slabs }, () => outputType(program.dtype));
  const name = `map ${describe(program)}${calls.length > 1 ? ` (${calls.length} arrays)` : ''}`;
  return new Shader(name, ownInputs, [...ownOutputs, ...slabTypes], operands => {
    const slabOperands = operands.slice(operands.length - slabs);
    let [nextInput, nextOutput, word] = [0, ownInputs.length, 0];
    const parts = calls.map(({ walk }, c): MapPart => {
      const [groups, size] = [param(word), param(word + 1)];
      word += 2;
      const bound = views.map((_, k): Operand => {
        if (isOwn[c]![k]) return operands[k < inputs.length ? nextInput++ : nextOutput++]!;
        return slabs === 1 ? slabOperands[0]! : { ...slabOperands[0]!, slot: param(word++) };
      });
      const code = indexingCode(walk, word);
      word = code.end + program.scalars;
      return { groups, size, operands: bound, ...code };
    });
    return mapCode(program, views, parts, slabOperands, { threads, perThread });
  });
}

/** The operations of a program, for profilers. */
function describe({ instructions }: Program): string {
  const names = instructions.map(({ op }) => op);
  return names.length > 6 ? `${names.slice(0, 6).join(' ')} and ${names.length - 6} more` : names.join(' ');
}
