/** A step of plain gradient descent, w -= lr g, without the arrays in between that arithmetic would make. */
import type { Backend, Storage } from '../backend.js';
import type { DeviceArray } from '../core/device-array.js';
import type { DType } from '../core/dtype.js';
import { sizeOf } from '../core/shape.js';
import { encode, instructionBase, internProgram, opCode, type Program, scalarBase } from '../program.js';
import { checkWritable, isWhole } from './write.js';

/** An array, what is subtracted from it, and how many times of it. */
export class Descent {
  constructor(
    readonly w: DeviceArray,
    readonly g: DeviceArray,
    readonly lr: number,
  ) {}
}

/**
 * Whether {@link descend} takes a pair. It takes arrays with elements, of one shape, dtype and device; a gradient that is still pending
 * is better computed together with the step.
 */
export function canDescend(w: DeviceArray, g: DeviceArray): boolean {
  return w.pending === undefined && g.pending === undefined && w.dtype === g.dtype && isWhole(w) && sizeOf(w.shape) > 0;
}

/**
 * Subtracts multiples of arrays from others, in place: what `assign([[w, sub(w, mul(lr, g))]])` does for each of them, to the bit. All
 * are computed before the first takes its new elements; if anything fails, every one is as it was.
 *
 * @param steps - pairs for which {@link canDescend} holds
 * @throws Error when a running gradient computation needs one of the arrays
 */
export function descend(steps: readonly Descent[]): void {
  const made: Storage[] = [];
  try {
    for (let i = 0; i < steps.length; i++) {
      const { w, g, lr } = steps[i]!;
      checkWritable(w, 'descend');
      made.push(w.device.memory.take(w.dtype, w.size));
      run(w.device.backend, programFor(w.dtype), w, g, lr, made[i]!);
    }
  } catch (error) {
    for (let i = 0; i < made.length; i++) steps[i]!.w.device.memory.give(steps[i]!.w.dtype, steps[i]!.w.size, made[i]!);
    throw error;
  }
  for (let i = 0; i < steps.length; i++) steps[i]!.w.requireBuffer().replace(made[i]!);
}

function run(backend: Backend, program: Program, w: DeviceArray, g: DeviceArray, lr: number, storage: Storage): void {
  backend.map(program, [w.view(), g.view()], [lr], [w.viewOf(storage)]);
}

const programs = new Map<DType, Program>();

/** w - lr g, with the roundings of the two operations. */
function programFor(dtype: DType): Program {
  let program = programs.get(dtype);
  if (program === undefined) {
    const product = encode(opCode('mul') ?? 0, scalarBase, 1, 0);
    const difference = encode(opCode('sub') ?? 0, 0, instructionBase, 0);
    program = internProgram(dtype, 2, 1, [product, difference], 2, [instructionBase + 1]);
    programs.set(dtype, program);
  }
  return program;
}
