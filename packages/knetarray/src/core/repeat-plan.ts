/** Noted kernels, and running them again. See `repeat.ts`. */
import { closeScope, openScope, retain, type Value } from '@knet/autograd';
import type { KernelPlan } from '@knet/autograd/repeat';
import type { Backend, Storage } from '../backend.js';
import type { Device } from './device.js';
import { DeviceArray } from './device-array.js';
import type { DType } from './dtype.js';
import { Place, type PlacedOperand } from './repeat-operands.js';
import type { Shape } from './shape.js';

/** A view whose elements are looked up before each run. */
export interface Reference {
  readonly view: { storage: Storage; offset: number };
  readonly place: Place;
  /** From the beginning of the place. */
  readonly delta: number;
}

/** What happens in a run: a storage is taken or given back, or a kernel is called. */
export interface Event {
  readonly kind: 'take' | 'give' | 'call';
  readonly place: Place;
  readonly references: readonly Reference[];
  readonly run: () => void;
}

export const noPlace: Place = /* @__PURE__ */ new Place('float32', 0);
export const noReferences: readonly Reference[] = [];
export const nothing = (): void => {};

const nowhere: Storage = {};

/** A call of a kernel by name, whatever function the name stands for when it is made. The frequent ones are spelled out for the compiler's sake. */
export function callOf(backend: Backend, name: string, args: unknown[]): () => void {
  // The notes hold what the kernel of this name was called with, so the types are those of its parameters.
  if (name === 'map') {
    const [program, inputs, scalars, outputs] = args as Parameters<Backend['map']>;
    return () => backend.map(program, inputs, scalars, outputs);
  }
  if (name === 'matmul') {
    const [a, b, output, alpha, beta] = args as Parameters<Backend['matmul']>;
    return () => backend.matmul(a, b, output, alpha, beta);
  }
  if (name === 'reduce') {
    const [op, program, inputs, scalars, shape, output] = args as Parameters<Backend['reduce']>;
    return () => backend.reduce(op, program, inputs, scalars, shape, output);
  }
  return () => {
    const kernel: unknown = Reflect.get(backend, name);
    if (typeof kernel === 'function') kernel.apply(backend, args);
  };
}

/** A result: what is left in a place. */
export interface Result {
  readonly place: Place;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Noted kernels, ready to run again. */
export class DevicePlan implements KernelPlan {
  /** Views of operands: between runs they hold nothing. */
  private readonly outside: readonly { storage: Storage }[];

  constructor(
    private readonly device: Device,
    readonly leaves: readonly PlacedOperand[],
    private readonly operands: readonly PlacedOperand[],
    private readonly events: readonly Event[],
    private readonly results: readonly (Result | undefined)[],
  ) {
    const places = new Set(operands.map(operand => operand.place));
    this.outside = events.flatMap(({ references }) => references.filter(({ place }) => places.has(place)).map(({ view }) => view));
  }

  run(): (Value | undefined)[] {
    const { memory } = this.device;
    const { events } = this;
    try {
      for (let i = 0; i < events.length; i++) {
        const { kind, place, references, run } = events[i]!;
        if (kind === 'call') {
          for (let k = 0; k < references.length; k++) {
            const { view, place: source, delta } = references[k]!;
            view.storage = source.storage ?? nowhere;
            view.offset = source.offset + delta;
          }
          run();
        } else if (kind === 'take') place.storage = memory.take(place.dtype, place.length);
        else this.#give(place);
      }
    } catch (error) {
      for (const { kind, place } of events) if (kind === 'take') this.#give(place);
      throw error;
    }
    const mark = openScope();
    const arrays: (Value | undefined)[] = new Array(this.results.length);
    try {
      for (let i = 0; i < arrays.length; i++) {
        const result = this.results[i];
        arrays[i] = result && this.#array(result);
      }
    } finally {
      closeScope(mark);
    }
    return arrays;
  }

  release(): void {
    for (const operand of this.operands) operand.release();
    for (const view of this.outside) view.storage = nowhere;
  }

  #array({ place, dtype, shape }: Result): DeviceArray {
    const buffer = this.device.memory.buffer(place.dtype, place.length, place.storage);
    place.storage = undefined;
    const x = DeviceArray.of(this.device, dtype, shape, buffer);
    retain(x);
    return x;
  }

  #give(place: Place): void {
    const { storage } = place;
    place.storage = undefined;
    if (storage !== undefined) this.device.memory.give(place.dtype, place.length, storage);
  }
}
