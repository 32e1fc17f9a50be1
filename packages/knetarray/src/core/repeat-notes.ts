/** Noting the kernels of a gradient computation. See `repeat.ts`. */
import { inScope, type Leaf, type Value } from '@knet/autograd';
import type { KernelNotes, KernelPlan, Operand } from '@knet/autograd/repeat';
import type { Backend, Storage, View } from '../backend.js';
import type { Device } from './device.js';
import { DeviceArray } from './device-array.js';
import type { DType } from './dtype.js';
import { materialize } from './lazy.js';
import { ArrayOperand, NumberOperand, Place, type PlacedOperand } from './repeat-operands.js';
import { callOf, DevicePlan, type Event, noPlace, noReferences, nothing, type Reference, type Result } from './repeat-plan.js';

/** Kernels that may be noted. What else a backend is asked - to read, to write, for random numbers - ends the notes. */
const kernels: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'map',
  'reduce',
  'matmul',
  'gather',
  'scatterAdd',
  'convolution',
  'maxPooling',
  'maxPoolingGradient',
  'softmax',
  'softmaxGradient',
  'lstm',
  'lstmGradient',
  'cumsum',
]);
const effects: ReadonlySet<string> = /* @__PURE__ */ new Set(['read', 'readSync', 'write', 'random', 'lstmLayer', 'lstmLayerGradient']);

/** What looks like an array and has no elements. */
class Look extends DeviceArray {
  readonly #strides: readonly number[];

  constructor({ device, dtype, shape, strides }: DeviceArray) {
    super(device, dtype, shape);
    this.#strides = strides;
  }

  override get strides(): readonly number[] {
    return this.#strides;
  }
}

/** Notes the kernels of one computation: the device calls {@link backend} in place of its own until {@link end} or {@link drop}. */
export class DeviceNotes implements KernelNotes {
  readonly #backend: Backend;
  readonly #leaves: PlacedOperand[] = [];
  readonly #operands = new Map<Storage, { operand: PlacedOperand; array: DeviceArray }>();
  readonly #slots = new Map<Storage, Place>();
  readonly #events: Event[] = [];
  #inFunction = true;
  #ok = true;

  constructor(
    readonly device: Device,
    readonly dtype: DType,
    leaves: readonly Value[],
  ) {
    this.#backend = device.backend;
    for (const x of leaves) {
      const known = typeof x === 'number' ? this.#number(x) : this.#array(x);
      if (known === undefined) this.#ok = false;
      else this.#leaves.push(known);
    }
    device.backend = this.#noting();
    device.memory.observer = this;
  }

  leaf(i: number): Leaf {
    const operand = this.#leaves[i];
    if (operand instanceof NumberOperand) return operand.array;
    throw new TypeError('repeat: only numbers have something that stands for them');
  }

  operand(x: Leaf): Operand | undefined {
    return this.#array(x);
  }

  look(x: Leaf): Leaf {
    return x instanceof DeviceArray ? new Look(x) : x;
  }

  returned(): void {
    this.#inFunction = false;
  }

  took(storage: Storage, dtype: DType, length: number): void {
    if (this.#inFunction && !inScope()) this.#ok = false;
    const place = new Place(dtype, length);
    this.#slots.set(storage, place);
    this.#events.push({ kind: 'take', place, references: noReferences, run: nothing });
  }

  gave(storage: Storage): void {
    const place = this.#slots.get(storage);
    if (place === undefined) return;
    this.#slots.delete(storage);
    this.#events.push({ kind: 'give', place, references: noReferences, run: nothing });
  }

  end(results: readonly (Value | undefined)[]): KernelPlan | undefined {
    const made: (Result | undefined)[] = [];
    for (const x of results) {
      if (x !== undefined && !(x instanceof DeviceArray)) this.#ok = false;
      if (!this.#ok) return undefined;
      if (!(x instanceof DeviceArray)) {
        made.push(undefined);
        continue;
      }
      materialize(x);
      const { storage, refs } = x.requireBuffer();
      const slot = this.#slots.get(storage);
      if (slot === undefined || refs > 1 || !x.contiguous || x.offset > 0) return undefined;
      this.#slots.delete(storage);
      made.push({ place: slot, dtype: x.dtype, shape: x.shape });
    }
    // What is left was kept by somebody.
    if (!this.#ok || this.#slots.size > 0) return undefined;
    for (const { array } of this.#operands.values()) if (array.dtype !== this.dtype && this.#leaves.some(isNumber)) return undefined;
    this.drop();
    return new DevicePlan(this.device, this.#leaves, this.#allOperands(), this.#events, made);
  }

  drop(): void {
    this.device.backend = this.#backend;
    this.device.memory.observer = undefined;
  }

  #allOperands(): PlacedOperand[] {
    return [...new Set([...this.#leaves, ...[...this.#operands.values()].map(({ operand }) => operand)])];
  }

  #number(x: number): PlacedOperand {
    const operand = new NumberOperand(this.device, this.dtype, x);
    this.#operands.set(operand.array.requireBuffer().storage, { operand, array: operand.array });
    return operand;
  }

  #array(x: Leaf): ArrayOperand | undefined {
    if (!(x instanceof DeviceArray) || x.device !== this.device || x.buffer === undefined || x.released) return undefined;
    const { storage } = x.buffer;
    const known = this.#operands.get(storage);
    if (known !== undefined) return known.array === x && known.operand instanceof ArrayOperand ? known.operand : undefined;
    const operand = new ArrayOperand(x);
    this.#operands.set(storage, { operand, array: x });
    return operand;
  }

  /** The backend, with kernels that are noted. */
  #noting(): Backend {
    const backend = this.#backend;
    return new Proxy(backend, {
      get: (_, name) => {
        const member: unknown = Reflect.get(backend, name, backend);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (effects.has(String(name))) this.#ok = false;
          else if (kernels.has(String(name))) this.#note(String(name), args);
          return member.apply(backend, args);
        };
      },
    });
  }

  #note(name: string, args: unknown[]): void {
    if (this.#inFunction && !inScope()) this.#ok = false;
    if (!this.#ok) return;
    const references: Reference[] = [];
    for (let i = 0; i < args.length; i++) args[i] = this.#open(args[i], references);
    this.#events.push({ kind: 'call', place: noPlace, references, run: callOf(this.#backend, name, args) });
  }

  /** The argument with copies of its views, which are noted. */
  #open(x: unknown, references: Reference[]): unknown {
    if (typeof x !== 'object' || x === null) return x;
    if (Array.isArray(x)) return x.map(item => this.#open(item, references));
    if (!isView(x)) {
      const entries = Object.entries(x);
      if (!entries.some(([, item]) => isView(item))) return x;
      return Object.fromEntries(entries.map(([key, item]) => [key, this.#open(item, references)]));
    }
    const view = { ...x };
    const known = this.#operands.get(x.storage);
    const slot = this.#slots.get(x.storage);
    if (slot !== undefined) references.push({ view, place: slot, delta: x.offset });
    else if (known !== undefined) references.push({ view, place: known.operand.place, delta: x.offset - known.array.offset });
    else this.#ok = false;
    return view;
  }
}

const isView = (x: unknown): x is View => typeof x === 'object' && x !== null && 'storage' in x && 'strides' in x;

const isNumber = (x: PlacedOperand): boolean => x instanceof NumberOperand;
