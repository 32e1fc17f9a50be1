/** Fused elementwise programs. Neighbouring calls of one program that do not depend on each other become one dispatch. */
import { bytesPerElement, type Program, sizeOf, type View } from '@knet/knetarray';
import { NumbersMap } from '../numbers-map.js';
import { maxParamWords, type Params } from '../params.js';
import type { Queue } from '../queue.js';
import type { GpuStorage } from '../storage.js';
import { offsetsOf, storagesOf } from '../views.js';
import { dtypeNumber, isBytes } from '../wgsl/elements.js';
import { type Indexing, indexing, indexingWords, writeIndexing } from '../wgsl/indexing.js';
import { writeScalars } from '../wgsl/program.js';
import { alone, makeShader, perThread, type Structure, threads } from './map-shader.js';

/** Calls that become one dispatch at most. */
const longestBatch = 16;

/** What is known of calls with the same shape and strides. */
interface Form {
  readonly structure: Structure;
  readonly walk: Indexing;
  readonly size: number;
}

/** What is known of the calls of a program. */
interface Forms {
  readonly byStrides: NumbersMap<Form>;
  readonly structures: Map<string, Structure>;
}

/** One call of the kernel. */
interface Call {
  readonly form: Form;
  readonly scalars: readonly number[];
  /** Inputs, then outputs. */
  readonly storages: readonly GpuStorage[];
  readonly offsets: number[];
}

/** Calls of one structure that wait for more of them. */
interface Batch {
  readonly structure: Structure;
  readonly calls: Call[];
  /** The buffers that the calls bind together. */
  readonly bound: GpuStorage[];
}

/** The map kernel of a device, with its shaders by program, walks and dtypes. */
export class MapKernel {
  readonly #forms = new WeakMap<Program, Forms>();
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
    const views = [...inputs, ...outputs];
    const form = this.#formOf(program, shape, views);
    if (form.size === 0) return;
    const call: Call = { form, scalars: scalars.slice(), storages: storagesOf(views), offsets: offsetsOf(views) };
    if (this.#batch !== undefined && !this.#joins(this.#batch, call)) queue.settle();
    this.#batch ??= { structure: form.structure, calls: [], bound: [] };
    const { calls, bound } = this.#batch;
    calls.push(call);
    for (const storage of call.storages) addTo(bound, storage.slab ?? storage);
    queue.wait(this.#emit);
  }

  #formOf(program: Program, shape: readonly number[], views: readonly View[]): Form {
    let forms = this.#forms.get(program);
    if (forms === undefined) {
      forms = { byStrides: new NumbersMap(), structures: new Map() };
      this.#forms.set(program, forms);
    }
    const { byStrides, structures } = forms;
    byStrides.begin().putAll(shape);
    for (let k = 0; k < views.length; k++) byStrides.put(dtypeNumber(views[k]!.dtype)).putAll(views[k]!.strides);
    const known = byStrides.find();
    if (known !== undefined) return known;
    const walk = indexing(shape, views);
    const dtypes = views.map(view => view.dtype);
    const key = `${walk.key} ${dtypes}`;
    let structure = structures.get(key);
    if (structure === undefined) {
      const alike = dtypes.every(dtype => dtype === program.dtype) && !isBytes(program.dtype);
      const words = 2 + views.length + indexingWords(walk) + program.scalars;
      structure = { program, dtypes, walk, alike, words, single: undefined, joint: new Map() };
      structures.set(key, structure);
    }
    return byStrides.keep({ structure, walk, size: sizeOf(shape) });
  }

  /** Whether a call can run beside those of a batch: the same code, nothing that they write or read is touched, and it fits. */
  #joins({ structure, calls, bound }: Batch, { form, storages }: Call): boolean {
    if (structure !== form.structure || !structure.alike || calls.length >= longestBatch) return false;
    if ((calls.length + 1) * structure.words > maxParamWords) return false;
    for (const other of calls) if (dependent(other.storages, storages, structure.program.inputs)) return false;
    const more = storages.filter(storage => !bound.includes(storage.slab ?? storage));
    return bound.length + new Set(more).size <= this.maxBindings;
  }

  #dispatch(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { structure, calls } = batch;
    const params = this.queue.begin();
    if (calls.length === 1) {
      const { storages } = calls[0]!;
      structure.single ??= makeShader(structure, alone(structure));
      const workgroups = writeCall(params, calls[0]!, undefined);
      this.queue.dispatch(structure.single, storages, workgroups);
      return;
    }
    const { inputs, outputs, slabs, key, places } = placesOf(calls, structure.program.inputs);
    let shader = structure.joint.get(key);
    if (shader === undefined) {
      shader = makeShader(structure, { places, slabs: slabs.length });
      structure.joint.set(key, shader);
    }
    let workgroups = 0;
    for (const call of calls) workgroups += writeCall(params, call, slabs);
    this.queue.dispatch(shader, [...inputs, ...outputs, ...slabs], workgroups);
    for (const { storages } of calls) this.queue.markUsed(storages);
  }
}

/**
 * Writes the parameters of a call. Returns its workgroups.
 *
 * @param slabs - buffers that operands lie in, each beginning with its first byte; undefined where each operand is bound for itself
 */
function writeCall(params: Params, { form, scalars, storages, offsets }: Call, slabs: readonly GpuStorage[] | undefined): number {
  const { walk, size, structure } = form;
  const groups = Math.ceil(size / (threads * perThread));
  params.u32(groups).u32(size);
  if (slabs !== undefined) {
    const bytes = bytesPerElement(structure.program.dtype);
    for (let k = 0; k < storages.length; k++) {
      const { slab, offset } = storages[k]!;
      if (slab === undefined) continue;
      offsets[k]! += offset / bytes;
      if (slabs.length > 1) params.u32(slabs.indexOf(slab));
    }
  }
  writeIndexing(params, walk, offsets);
  writeScalars(params, structure.program.dtype, scalars);
  return groups;
}

/** What the calls of a dispatch bind. */
interface Places {
  readonly inputs: readonly GpuStorage[];
  readonly outputs: readonly GpuStorage[];
  /** Buffers that several operands lie in. */
  readonly slabs: readonly GpuStorage[];
  readonly places: readonly string[];
  /** Tells apart what needs different code: the places, and how many slabs there are. */
  readonly key: string;
}

function placesOf(calls: readonly Call[], count: number): Places {
  const [inputs, outputs, slabs]: [GpuStorage[], GpuStorage[], GpuStorage[]] = [[], [], []];
  const places = calls.map(({ storages }) => {
    let place = '';
    for (let k = 0; k < storages.length; k++) {
      const storage = storages[k]!;
      if (storage.slab !== undefined) addTo(slabs, storage.slab);
      else (k < count ? inputs : outputs).push(storage);
      place += storage.slab === undefined ? 'o' : 's';
    }
    return place;
  });
  // Which slab an operand lies in is a parameter: there are too many ways for a shader each.
  return { inputs, outputs, slabs, places, key: `${places.join(' ')} ${slabs.length}` };
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
