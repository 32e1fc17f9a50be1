/** The order of the elements of a list of positions when it is sorted, equal ones as they come. */
import type { View } from '@knet/knetarray';
import type { Context } from '../context.js';
import { type Code, Shader } from '../shader.js';
import type { GpuStorage } from '../storage.js';
import { storageOf } from '../views.js';
import { countCode, moveCode, partThreads, sumCode } from '../wgsl/index-sort.js';

/** Bits of a position that one pass sorts by, at most. */
const maxBits = 8;
/** Elements of a part, at least, and number of parts, at most: as many counts as elements need be added up. */
const minPart = 256;
const maxParts = 2048;

/** Sorts positions on a device. */
export class IndexSort {
  /** Shaders of the first pass, which has no order yet, and of later ones. */
  readonly #count: readonly [Shader, Shader];
  readonly #move: readonly [Shader, Shader];
  readonly #sum: Shader;

  constructor(private readonly context: Context) {
    const pair = (name: string, outputs: number, code: Code): [Shader, Shader] => [
      new Shader(name, ['i32'], new Array(outputs).fill('i32'), code),
      new Shader(name, ['i32', 'i32'], new Array(outputs).fill('i32'), code),
    ];
    this.#count = pair('sort positions: count', 1, countCode);
    this.#move = pair('sort positions: move', 2, moveCode);
    this.#sum = new Shader('sort positions: sum', [], ['i32'], operands => sumCode(operands, context.software));
  }

  /**
   * Numbers of the list's elements by position, int32; those below 0 or beyond `length` come last. To be released by the caller.
   * The positions stay on the device: the passes are those that a list of any content needs.
   */
  sort(indices: View, length: number): GpuStorage {
    const { allocator } = this.context;
    const count = indices.shape[0]!;
    const bits = Math.max(32 - Math.clz32(length), 1);
    const passes = Math.ceil(bits / maxBits);
    const digitBits = Math.ceil(bits / passes);
    const part = Math.max(minPart, Math.ceil(count / maxParts));
    const parts = Math.ceil(count / part);
    const scratch: GpuStorage[] = [];
    const allocate = (n: number): GpuStorage => {
      const storage = allocator.allocate('int32', n);
      scratch.push(storage);
      return storage;
    };
    try {
      const counts = allocate(parts * 2 ** digitBits);
      let order: GpuStorage | undefined;
      let spare: GpuStorage | undefined;
      for (let pass = 0; pass < passes; pass++) {
        const sorted: GpuStorage = spare ?? allocate(count);
        this.#pass(indices, length, [pass * digitBits, 2 ** digitBits, part, parts], order, counts, sorted);
        spare = order;
        order = sorted;
      }
      scratch.splice(scratch.indexOf(order!), 1);
      return order!;
    } finally {
      for (const storage of scratch) allocator.release(storage);
    }
  }

  #pass(
    indices: View,
    length: number,
    [shift, digits, part, parts]: readonly [number, number, number, number],
    order: GpuStorage | undefined,
    counts: GpuStorage,
    sorted: GpuStorage,
  ): void {
    const { queue } = this.context;
    const list = storageOf(indices.storage);
    const before = order === undefined ? [list] : [list, order];
    const later = order === undefined ? 0 : 1;
    const run = (shader: Shader, operands: readonly GpuStorage[], workgroups: number): void => {
      const params = queue.begin().u32(indices.shape[0]!).u32(length).u32(indices.offset).i32(indices.strides[0]!);
      params.u32(shift).u32(digits).u32(part).u32(parts);
      queue.dispatch(shader, operands, workgroups);
    };
    const workgroups = Math.ceil(parts / partThreads);
    run(this.#count[later], [...before, counts], workgroups);
    run(this.#sum, [counts], 1);
    run(this.#move[later], [...before, counts, sorted], workgroups);
  }
}
